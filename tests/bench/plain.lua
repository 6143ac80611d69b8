-- SPDX-License-Identifier: Apache-2.0
-- One request over and over, where looking at each answer would cost more than the answer:
--
--     wrk … -s plain.lua URL [-- range SIZE LENGTH]
--
-- With “range”, pieces of LENGTH bytes of something that has SIZE bytes. At the end one line of JSON is
-- printed; what wrk itself takes for errors are answers that are not of HTTP's kinds 2xx and 3xx.

function init(arguments)
  if arguments[1] == "range" then
    local size, length = tonumber(arguments[2]), tonumber(arguments[3])
    local head = "GET " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
      .. "\r\nRange: bytes="
    request = function()
      local first = math.random(0, size - length)
      return head .. string.format("%d-%d\r\n\r\n", first, first + length - 1)
    end
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
