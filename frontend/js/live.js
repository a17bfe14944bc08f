// Open pages keep up with others' work. Elements with an id and data-live="topic:id topic:id" are fetched again from
// this page's own address when one of their topics is announced, so that permissions and filters apply as ever; what
// did not change is left alone, and what somebody is busy with waits behind a button. data-live-count="n" with
// data-live-sound="info|warn|alarm" sounds when n has grown. data-live-from="address": fetched at once, and from there.
// The stream carries names of topics only. A hidden page has none: it fetches itself when it is shown again.
import htmx from './htmx.js';
import { play } from './sound.js';
import { say } from './words.js';

const SETTLE = 120; // several announcements of one deed become one fetch
const PAUSE = 1500; // between two fetches of one page, however much happens
const POLL = 30_000; // where no stream comes about
const TRIES = 5;
const ANSWER = 20_000; // for one fetch

let source = null;
let listening = '';
let failures = 0;
let polling = 0;
let asked = 0;
let last = 0;
let timer = 0;
let isFetching = false;
const isAnswer = document.documentElement.dataset.liveStill !== undefined; // a refused form: it has no address to fetch
const touched = new Set();
let sending = 0; // deeds of this page's own under way
let deeds = 0; // and how many it has sent so far

const watched = () => [...document.querySelectorAll('[data-live][id]')];
const topics = () => [...new Set(watched().flatMap((el) => el.dataset.live.split(/\s+/).filter(Boolean)))].sort();

function close() {
  source?.close();
  source = null;
  listening = '';
}

async function open() {
  const wanted = topics();
  if (document.hidden || !wanted.length) {
    close();
    return;
  }
  if (source && listening === wanted.join(' ')) return;
  close();
  listening = wanted.join(' ');
  const mine = ++asked;
  try {
    const answer = await fetch(document.body.dataset.liveTicket ?? '/live/ticket/', {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', 'X-Live': '1', 'X-CSRFToken': document.querySelector('meta[name=csrf-token]')?.content ?? '' },
      body: JSON.stringify({ topics: wanted }),
    });
    if (mine !== asked) return;
    if (answer.type === 'opaqueredirect' || answer.status === 401 || answer.status === 403) {
      refresh(true); // signed out meanwhile: the page says so itself
      return;
    }
    const { ticket } = await answer.json();
    if (mine !== asked) return;
    listen(ticket);
  } catch {
    again();
  }
}

function listen(ticket) {
  source = new EventSource(`/live/?ticket=${encodeURIComponent(ticket)}`);
  source.addEventListener('open', () => {
    document.documentElement.dataset.liveStream = 'open';
    window.clearInterval(polling);
    polling = 0;
    if (failures) refresh(true); // what happened while it was away is unknown
    failures = 0;
  });
  source.addEventListener('message', (event) => hear(event.data.split(' ')));
  source.addEventListener('again', () => refresh(true));
  source.addEventListener('over', () => { close(); failures = Math.max(failures, 1); open(); });
  source.addEventListener('error', again);
}

/** The stream broke, or none came about: a new ticket soon; after some tries the page asks by itself. */
function again() {
  close();
  delete document.documentElement.dataset.liveStream;
  failures += 1;
  if (failures >= TRIES && !polling) polling = window.setInterval(() => { if (!document.hidden) refresh(true); }, POLL);
  window.setTimeout(open, Math.min(500 * 2 ** failures, 15_000) + Math.random() * 1000);
}

function hear(names) {
  for (const el of watched()) {
    if (!el.dataset.live.split(/\s+/).some((name) => names.includes(name))) continue;
    if (el.dataset.liveFrom) fetchOne(el.id, el.dataset.liveFrom);
    else touched.add(el.id);
  }
  if (touched.size) refresh(false);
}

function refresh(all) {
  if (all) for (const el of watched()) touched.add(el.id);
  window.clearTimeout(timer);
  timer = window.setTimeout(fetchAgain, Math.max(SETTLE, last + PAUSE - Date.now()));
}

// What has an address of its own is small and does not wait: a red alert stands on every page.
const single = new Map();
async function fetchOne(id, address) {
  if (single.has(id)) {
    single.set(id, true); // announced meanwhile: once more, so that the newest is shown
    return;
  }
  single.set(id, false);
  try {
    const answer = await fetch(address, { redirect: 'error', headers: { 'X-Live': 'part' }, signal: AbortSignal.timeout(ANSWER) });
    if (answer.ok) replace(id, new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(id));
  } catch {
    touched.add(id); // the page's own next fetch brings it
  } finally {
    const onceMore = single.get(id);
    single.delete(id);
    if (onceMore) fetchOne(id, address);
  }
}

// One fetch at a time: of two on their way the older answer might come last and show what was.
async function fetchAgain() {
  if (document.hidden || !touched.size || isFetching || isAnswer || sending) return;
  isFetching = true;
  last = Date.now();
  let came = false;
  const wanted = [...touched];
  touched.clear();
  const asOf = deeds;
  try {
    const answer = await fetch(window.location.href, {
      headers: { 'X-Live': wanted.join(' ') }, // parts of the content come without the frame
      signal: AbortSignal.timeout(ANSWER),
    });
    if (answer.redirected && new URL(answer.url).pathname.startsWith('/account/')) {
      window.location.assign(answer.url);
      return;
    }
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (asOf !== deeds) { // read before what was done here meanwhile: it would take a tick just made away again
      for (const id of wanted) touched.add(id);
      came = true;
      return;
    }
    for (const id of wanted) replace(id, page.getElementById(id));
    came = true;
  } catch {
    for (const id of wanted) touched.add(id); // the next announcement, or the stream's return, fetches them
  } finally {
    isFetching = false;
    if (came && touched.size) refresh(false); // announced, or done here, meanwhile
  }
}

/** Whether somebody is in the middle of something here. */
function isBusy(el) {
  const focus = document.activeElement;
  if (el.contains(focus) && focus.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')) return true;
  return Boolean(el.querySelector('[data-tick]:checked, .panel:not([hidden]), details.menu[open], [aria-busy=true]'));
}

function replace(id, fresh) {
  const old = document.getElementById(id);
  if (!old || !fresh) return;
  if (fresh.innerHTML === old.innerHTML) return;
  if (old.dataset.liveHold !== undefined || isBusy(old)) {
    offer();
    return;
  }
  const place = [...old.querySelectorAll('[id]'), old].filter((el) => el.scrollTop).map((el) => [el.id, el.scrollTop]);
  const focus = old.contains(document.activeElement) ? mark(document.activeElement) : null;
  const before = counts(old);
  old.replaceWith(document.adoptNode(fresh));
  htmx.process(fresh);
  for (const [kept, top] of place) { const el = document.getElementById(kept); if (el) el.scrollTop = top; }
  if (focus) fresh.querySelector(focus)?.focus({ preventScroll: true });
  fresh.dispatchEvent(new CustomEvent('live:replaced', { bubbles: true }));
  for (const [level, count] of counts(fresh)) if (count > (before.get(level) ?? 0)) play(level);
}

function mark(el) {
  if (el.id) return `#${CSS.escape(el.id)}`;
  const href = el.getAttribute('href');
  return href ? `[href="${CSS.escape(href)}"]` : null;
}

function counts(el) {
  const found = new Map();
  for (const each of [el, ...el.querySelectorAll('[data-live-sound]')]) {
    if (each.dataset.liveSound) found.set(each.dataset.liveSound, (found.get(each.dataset.liveSound) ?? 0) + Number(each.dataset.liveCount || 0));
  }
  return found;
}

/** One quiet button for all that waits. */
function offer() {
  if (document.getElementById('live-news')) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.id = 'live-news';
  button.className = 'live-news';
  button.textContent = say('news');
  button.addEventListener('click', () => window.location.reload());
  document.body.append(button);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    close();
    return;
  }
  open();
  refresh(true);
});
document.addEventListener('htmx:afterSettle', () => { open(); });
// A deed of this page's own brings its own answer; what was fetched before it is old, and what waits follows after it.
document.addEventListener('htmx:beforeSend', ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig.verb === 'get') return;
  sending += 1;
  deeds += 1;
  xhr.addEventListener('loadend', () => { // of the request itself: its sender may be gone from the page by then
    sending -= 1;
    if (!sending && touched.size) refresh(false);
  });
});
window.addEventListener('pagehide', close);
open();
