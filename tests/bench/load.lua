-- SPDX-License-Identifier: Apache-2.0
-- What wrk sends, and how it looks at the answers:
--
--     wrk … -s load.lua URL -- ROW SET TOKENS SAMPLE
--
-- ROW is one of the functions of `rows`. SET is a Lua file with what is in the data set, TOKENS one with
-- a line “ID TOKEN” for each of the users who are logged in, SAMPLE a file that one answer is written
-- to, or “-”. An answer is good if its body says so. At the end one line of JSON is printed.

local ROW, SET, TOKENS, SAMPLE = 1, 2, 3, 4
-- The answer that is taken as a sample: not the first, when caches are empty.
local SAMPLE_NUMBER = 50
-- Likes that are kept before one of them is taken back: more than connections, so that it was answered.
local MIN_LIKED = 1000
-- Pages of the feed that guests scroll through.
local SCROLL_PAGES = 30
local PAGE = 30
-- To so many others each user writes.
local NEIGHBOURS = 90

local random, floor, format = math.random, math.floor, string.format
local set, users, tokens = nil, {}, {}
local head = ""
local n_answers = 0
local sample_path = nil
errors = 0

local threads = {}

function setup(thread)
  thread:set("seed", #threads + 1)
  table.insert(threads, thread)
end

-- One of 0 … n - 1, as in life: the k-th most popular is asked for in proportion to 1 / k (Zipf). The
-- popular ones are spread over all.
local function popular(n)
  local rank = floor(n ^ random()) - 1
  return (rank * 7919) % n
end

local function number_of_user(id)
  return (id - set.first_user) / set.id_step
end

local function user_id(number)
  return format("%.0f", set.first_user + number * set.id_step)
end

local function video_id(number)
  return format("%.0f", set.first_video + number * set.id_step)
end

local function token()
  return tokens[random(#tokens)]
end

local function get(path)
  return "GET " .. path .. " HTTP/1.1\r\n" .. head
end

local function post(path)
  return "POST " .. path .. " HTTP/1.1\r\nContent-Length: 0\r\n" .. head
end

local function scroll_time()
  local place = random(SCROLL_PAGES * PAGE)
  return format("%.0f", set.first_time + (set.videos - place) * set.time_step)
end

local rows = {}

rows["feed-guest"] = function()
  return get("/douyin/feed/")
end

rows["feed-guest-scrolling"] = function()
  return get("/douyin/feed/?latest_time=" .. scroll_time())
end

rows["feed-user"] = function()
  return get("/douyin/feed/?token=" .. token())
end

rows["user"] = function()
  return get("/douyin/user/?user_id=" .. user_id(popular(set.users)) .. "&token=" .. token())
end

rows["comments"] = function()
  local video = popular(set.commented_videos) * set.commented_video_gap
  return get("/douyin/comment/list/?video_id=" .. video_id(video) .. "&token=" .. token())
end

-- Everybody polls for news from the one who wrote last.
rows["chat"] = function()
  local i = random(#tokens)
  local peer = user_id((number_of_user(users[i]) + 1) % set.users)
  return get("/douyin/message/chat/?token=" .. tokens[i] .. "&to_user_id=" .. peer
    .. "&pre_msg_time=" .. format("%.0f", set.message_time + 60000))
end

-- Each request changes something: a video that was not liked yet, or one like that is taken back.
local liked, first_liked, last_liked = {}, 1, 0
rows["like"] = function()
  local link, action
  if last_liked - first_liked > MIN_LIKED and random() < 0.5 then
    link, action = liked[first_liked], 2
    liked[first_liked] = nil
    first_liked = first_liked + 1
  else
    link = "&token=" .. token() .. "&video_id=" .. video_id(random(set.videos) - 1)
    action = 1
    last_liked = last_liked + 1
    liked[last_liked] = link
  end
  return post("/douyin/favorite/action/?action_type=" .. action .. link)
end

rows["message"] = function()
  local i = random(#tokens)
  local peer = (number_of_user(users[i]) + 1 + random(NEIGHBOURS)) % set.users
  return post("/douyin/message/action/?action_type=1&token=" .. tokens[i] .. "&to_user_id="
    .. user_id(peer) .. "&content=Hello%20number%20" .. random(1000000))
end

rows["comment"] = function()
  return post("/douyin/comment/action/?action_type=1&token=" .. token() .. "&video_id="
    .. video_id(random(set.videos) - 1) .. "&comment_text=Nice%20one%20" .. random(1000000))
end

rows["login"] = function()
  return post("/douyin/user/login/?username=user" .. random(set.users) - 1 .. "&password="
    .. set.password)
end

function init(arguments)
  set = dofile(arguments[SET])
  for line in io.lines(arguments[TOKENS]) do
    local id, text = line:match("^(%d+) (.*)$")
    table.insert(users, tonumber(id))
    table.insert(tokens, text)
  end
  if arguments[SAMPLE] ~= "-" then
    sample_path = arguments[SAMPLE]
  end
  math.randomseed(os.time() * 100 + seed)
  head = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n\r\n"
  request = rows[arguments[ROW]]
end

function response(status, headers, body)
  if not body:find('"status_code":0,', 1, true) then
    errors = errors + 1
  end
  n_answers = n_answers + 1
  if n_answers == SAMPLE_NUMBER and sample_path then
    local file = assert(io.open(sample_path, "w"))
    file:write(body)
    file:close()
  end
end

function done(summary, latency, requests)
  local wrong = 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("errors")
  end
  local lost = summary.errors
  io.write(format('\n{"requests": %d, "microseconds": %d, "bytes": %d, "wrong": %d, "lost": %d, '
    .. '"p50": %d, "p90": %d, "p99": %d, "max": %d}\n',
    summary.requests, summary.duration, summary.bytes, wrong,
    lost.connect + lost.read + lost.write + lost.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
