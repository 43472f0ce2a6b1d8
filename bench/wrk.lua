-- One window of load: requests from a file in turn, a minimal check of each answer, and no request cut off at the end.
--
-- Arguments after the URL: the file of requests, the number of the first of them, seconds, requests and most seconds of
-- the window (bench/load.py explains these), and the number that the first request gets in the place of NUMBER.
-- The lines that begin with "bench " are the result.

local ffi = require("ffi")
ffi.cdef [[
struct bench_time { long seconds; long nanoseconds; };
int clock_gettime(int clock, struct bench_time *time);
]]

local MONOTONIC = 1
local NUMBER = string.rep("@", 16)
local SHOWN_BYTES = 400
local COLON, LETTER_R = string.byte(":r", 1, 2)

local moment = ffi.new("struct bench_time")
local texts, numbered = {}, {}
local next_text, next_number
local seconds, requests, most_seconds
local is_verified, is_over = false, false
local began, sent, answered, failed = nil, 0, 0, 0
local first_failure = ""

local function now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local function say(...)
  io.stdout:write("bench ", string.format(...), "\n")
  io.stdout:flush()
end

local function has_ended(elapsed)
  return elapsed >= seconds and (sent >= requests or elapsed >= most_seconds)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for line in file:lines() do
    local text = file:read(tonumber(line))
    texts[#texts + 1] = text
    numbered[#numbered + 1] = string.find(text, NUMBER, 1, true) ~= nil
  end
  file:close()
  next_text = tonumber(arguments[2]) % #texts
  seconds, requests, most_seconds = tonumber(arguments[3]), tonumber(arguments[4]), tonumber(arguments[5])
  next_number = tonumber(arguments[6])
end

function request()
  if not is_verified then
    -- wrk parses a request before the window begins, without sending it.
    is_verified = true
    return texts[1]
  end
  began = began or now()
  is_over = is_over or has_ended(now() - began)
  if is_over then
    -- A connection that sends nothing stays open, and waits for nothing.
    return ""
  end
  sent = sent + 1
  next_text = next_text % #texts + 1
  if not numbered[next_text] then
    return texts[next_text]
  end
  next_number = next_number + 1
  return (string.gsub(texts[next_text], NUMBER, string.format("%016d", next_number)))
end

-- Whether a body has a list named "errors" that isn't empty. There are few brackets and many quotes in an answer.
local function has_errors(body)
  local at = string.find(body, "[", 1, true)
  while at do
    local before = string.byte(body, at - 1)
    local is_candidate = before ~= COLON or string.byte(body, at - 4) == LETTER_R
    if is_candidate and at > 1 and string.find(string.sub(body, math.max(1, at - 16), at - 1), '"errors"%s*:%s*$') then
      if not string.find(body, "^%s*%]", at + 1) then
        return true
      end
    end
    at = string.find(body, "[", at + 1, true)
  end
  return false
end

function response(status, headers, body)
  answered = answered + 1
  if status ~= 200 or has_errors(body) then
    failed = failed + 1
    if first_failure == "" then
      first_failure = string.gsub(string.format("%d %s", status, string.sub(body, -SHOWN_BYTES)), "%s+", " ")
    end
  end
  -- Checked here too, because with the last answer nothing may ask for a request any more.
  local elapsed = now() - began
  is_over = is_over or has_ended(elapsed)
  if is_over and answered == sent then
    say("failure %s", first_failure)
    say("window %.6f %d %d", elapsed, answered, failed)
  end
end

function done(summary, latency, rates)
  local errors = summary.errors
  say("latency %d %d", latency:percentile(50), latency:percentile(99))
  say("broken %d", errors.connect + errors.read + errors.write + errors.timeout)
end
