-- SPDX-License-Identifier: Apache-2.0
-- One kind of request over and over, where looking at each answer would cost more than the answer:
--
--     wrk … -s plain.lua URL [-- range SIZE LENGTH | page FIRST STEP COUNT]
--
-- With “range”, pieces of LENGTH bytes of something that has SIZE bytes. With “page”, one of the COUNT pages
-- of the feed that begin at FIRST, FIRST + STEP and so on, in milliseconds. At the end one line of JSON is
-- printed; what wrk itself takes for errors are answers that are not of HTTP's kinds 2xx and 3xx.

local function get(path)
  return "GET " .. path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
end

local function ask_for_ranges(size, length)
  local head = get(wrk.path) .. "Range: bytes="
  request = function()
    local first = math.random(0, size - length)
    return head .. string.format("%d-%d\r\n\r\n", first, first + length - 1)
  end
end

local function ask_for_pages(first, step, count)
  local pages = {}
  for i = 1, count do
    pages[i] = get(wrk.path .. "?latest_time=" .. string.format("%.0f", first + (i - 1) * step)) .. "\r\n"
  end
  request = function()
    return pages[math.random(count)]
  end
end

function init(arguments)
  local kind = arguments[1]
  if kind == "range" then
    ask_for_ranges(tonumber(arguments[2]), tonumber(arguments[3]))
  elseif kind == "page" then
    ask_for_pages(tonumber(arguments[2]), tonumber(arguments[3]), tonumber(arguments[4]))
  end
end

function done(summary, latency, requests)
  local lost = summary.errors
  io.write(string.format('\n{"requests": %d, "microseconds": %d, "bytes": %.0f, "wrong": %d, '
    .. '"lost": %d, "p50": %d, "p90": %d, "p99": %d, "max": %d}\n',
    summary.requests, summary.duration, summary.bytes, lost.status,
    lost.connect + lost.read + lost.write + lost.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
