// Keeps clocks running: rewrites the words of every [data-due] each 30 seconds, by the rules of time_words.py.
// The server's clock counts, not this machine's: the page says what the server's clock was.
import { month, say, weekday } from './words.js';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const root = document.documentElement;
const ahead = Number(root.dataset.now || Date.now()) - Date.now();
const zone = root.dataset.tz || 'Asia/Shanghai';
const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});

/** Calendar fields of a moment (seconds since 1970) in the shop's time zone; `number` counts days. */
function local(seconds) {
  const at = Object.fromEntries(parts.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]));
  const number = Math.round(Date.UTC(at.year, at.month - 1, at.day) / (DAY * 1000));
  return { ...at, number, weekday: (number + 3) % 7 };
}

export function span(seconds) {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  if (days) return [say('days', { n: days }), hours && days < 3 ? say('hours', { n: hours }) : ''].filter(Boolean).join(' ');
  if (hours) return [say('hours', { n: hours }), minutes && hours < 4 ? say('minutes', { n: minutes }) : ''].filter(Boolean).join(' ');
  return say('minutes', { n: Math.max(minutes, 1) });
}

/** What a clock shows: {words, level}. All moments in seconds. */
export function clockWords(due, now, started) {
  const left = due - now;
  if (left <= 0) return { words: say('late', { t: span(-left) }), level: 'late' };
  const level = left <= (started ? due - started : 4 * HOUR) * 0.25 ? 'amber' : 'calm';
  if (left < 4 * HOUR) return { words: say('left', { t: span(left) }), level };
  const here = local(now);
  const there = local(due);
  if (here.number === there.number) {
    const time = `${String(there.hour).padStart(2, '0')}:${String(there.minute).padStart(2, '0')}`;
    return { words: there.hour === 23 && there.minute === 59 ? say('today') : say('before_time', { t: time }), level };
  }
  if (left < 2 * DAY) return { words: say('left', { t: span(left) }), level };
  if (there.number - here.number < 7) return { words: say('before_day', { t: weekday(there.weekday) }), level };
  const day = there.year === here.year
    ? say('month_day', { month: month(there.month), d: there.day })
    : say('year_month_day', { y: there.year, month: month(there.month), d: there.day });
  return { words: say('before_day', { t: day }), level };
}

function tick() {
  const now = (Date.now() + ahead) / 1000;
  document.querySelectorAll('[data-due]').forEach((clock) => {
    const { words, level } = clockWords(Number(clock.dataset.due), now, Number(clock.dataset.start) || 0);
    if (clock.textContent !== words) clock.textContent = words;
    const shown = clock.dataset.level || level;
    if (!clock.classList.contains(`clock-${shown}`)) {
      clock.classList.remove('clock-calm', 'clock-amber', 'clock-late');
      clock.classList.add(`clock-${shown}`);
    }
  });
}

setInterval(tick, 30_000);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && tick());
