/* cache_script: the one script that writes to Redis. What it keeps true, and why, is in docs/key-layout.md.
 *
 * Nothing is written before everything was looked at: a script that fails half way is not rolled back. Numbers stay
 * decimal text throughout, since a Lua number is a double and floors go to 2^63 - 1.
 *
 * KEYS  1 <prefix>:meta; the others have the same hash tag and are made from the prefix
 * join  1 "join"  2 prefix  3 writer  4 sequence now  5 epoch found void, or ""  6 epoch to begin in its place
 * write 1 "write" 2 prefix  3 writer  4 sequence now  5 sequence before  6 epoch  7 first bucket to look at
 *       8 how many  9 bucket to prune  10 prune what expired before  11 how many floors
 *       {subject, floor, expires_us} each; then of each freshness {lane, as_of_us, the rest of the value, PXAT ms}
 *
 * The answer: "joined <epoch>" or "ok"; else nothing was written: "layout <n>", "epoch", "sequence", "lost". */
#include "consumer/cache.h"

const char curfew_cache_script[] =
    "local prefix, sequence, now = ARGV[2], 'seq:' .. ARGV[3], ARGV[4]\n"
    "local function bucket(i) return string.format('%s:f:%03x', prefix, i % 4096) end\n"
    "local function above(a, b) return #a > #b or (#a == #b and a > b) end\n"
    "local function greatest(a, b) return above(a, b) and a or b end\n"
    "\n"
    "local layout = redis.call('HGET', KEYS[1], 'layout')\n"
    "if layout and layout ~= '1' then return 'layout ' .. layout end\n"
    "local epoch = redis.call('HGET', KEYS[1], 'epoch')\n"
    "\n"
    "if ARGV[1] == 'join' then\n"
    "  if not epoch or epoch == ARGV[5] then\n"
    "    epoch = ARGV[6]\n"
    "    for i = 0, 4095 do redis.call('HSET', bucket(i), '!', epoch) end\n"
    "    redis.call('HSET', KEYS[1], 'layout', '1', 'epoch', epoch)\n"
    "  end\n"
    "  redis.call('HSET', KEYS[1], sequence, now)\n"
    "  return 'joined ' .. epoch\n"
    "end\n"
    "\n"
    "if epoch ~= ARGV[6] then return 'epoch' end\n"
    "local last = redis.call('HGET', KEYS[1], sequence)\n"
    "if last ~= ARGV[5] and last ~= now then return 'sequence' end\n"
    "for i = ARGV[7] + 0, ARGV[7] + ARGV[8] - 1 do\n"
    "  if redis.call('HGET', bucket(i), '!') ~= epoch then return 'lost' end\n"
    "end\n"
    "local held, floors_end = {}, 11 + 3 * ARGV[11]\n"
    "for i = 12, floors_end, 3 do\n"
    "  local subject = ARGV[i]\n"
    "  local key = prefix .. ':f:' .. string.sub(subject, 1, 3)\n"
    "  local found = redis.call('HMGET', key, '!', subject)\n"
    "  if found[1] ~= epoch then return 'lost' end\n"
    "  local floor, expires = string.match(found[2] or '', '^(%d+) (%d+)$')\n"
    "  held[subject] = {key = key, floor = floor or '0', expires = expires or '0'}\n"
    "end\n"
    "local fresh = {}\n"
    "for i = floors_end + 1, #ARGV, 4 do\n"
    "  local key = prefix .. ':fresh:' .. ARGV[i]\n"
    "  local of, as_of = string.match(redis.call('GET', key) or '', '^(%S+) (%d+) ')\n"
    "  if of ~= epoch or above(ARGV[i + 1], as_of) then\n"
    "    fresh[#fresh + 1] = {key, epoch .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i + 2], ARGV[i + 3]}\n"
    "  end\n"
    "end\n"
    "local stale, limit = {}, ARGV[10]\n"
    "local entries = redis.call('HGETALL', bucket(ARGV[9]))\n"
    "for i = 1, #entries, 2 do\n"
    "  local expires = string.match(entries[i + 1], '^%d+ (%d+)$')\n"
    "  if expires and above(limit, expires) then stale[#stale + 1] = entries[i] end\n"
    "end\n"
    "\n"
    "for _, subject in ipairs(stale) do redis.call('HDEL', bucket(ARGV[9]), subject) end\n"
    "for i = 12, floors_end, 3 do\n"
    "  local subject, h = ARGV[i], held[ARGV[i]]\n"
    "  local floor, expires = greatest(ARGV[i + 1], h.floor), greatest(ARGV[i + 2], h.expires)\n"
    "  if floor ~= h.floor or expires ~= h.expires then\n"
    "    h.floor, h.expires = floor, expires\n"
    "    redis.call('HSET', h.key, subject, floor .. ' ' .. expires)\n"
    "  end\n"
    "end\n"
    "redis.call('HSET', KEYS[1], sequence, now)\n"
    "for _, f in ipairs(fresh) do redis.call('SET', f[1], f[2], 'PXAT', f[3]) end\n"
    "return 'ok'\n";
