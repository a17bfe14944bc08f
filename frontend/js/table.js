// Tables with ticks: all, ranges with Shift, and the bar of deeds that appears with the first tick.
// [data-table] holds everything; [data-tick-all] and [data-tick] are check boxes; [data-bulk] is the bar.
import { listed, say } from './words.js';

let last = null;

const ticks = (table) => [...table.querySelectorAll('[data-tick]')];

document.addEventListener('click', (event) => {
  const box = event.target.closest?.('[data-tick]');
  if (!box) return;
  const table = box.closest('[data-table]');
  const all = ticks(table);
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    all.slice(from, to + 1).forEach((each) => { each.checked = box.checked; });
  }
  last = box;
  show(table);
});

document.addEventListener('change', (event) => {
  const all = event.target.closest?.('[data-tick-all]');
  if (all) {
    const table = all.closest('[data-table]');
    ticks(table).forEach((box) => { box.checked = all.checked; });
    show(table);
  } else if (event.target.matches?.('[data-tick]')) {
    show(event.target.closest('[data-table]'));
  }
});

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-bulk-clear]')) return;
  const table = event.target.closest('[data-table]');
  ticks(table).forEach((box) => { box.checked = false; });
  show(table);
});

function show(table) {
  const all = ticks(table);
  const chosen = all.filter((box) => box.checked);
  const head = table.querySelector('[data-tick-all]');
  if (head) {
    head.checked = chosen.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  all.forEach((box) => box.closest('tr, .row-item')?.classList.toggle('is-ticked', box.checked));
  const bar = table.querySelector('[data-bulk]');
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  bar.querySelectorAll('[data-bulk-count]').forEach((e) => { e.textContent = say('selected', { n: chosen.length }); });
  // The sample: the first names, so that one sees what one is about to do.
  const names = chosen.map((box) => box.dataset.name).filter(Boolean);
  const sample = listed(names.slice(0, 3)) + (names.length > 3 ? '…' : '');
  bar.querySelectorAll('[data-bulk-sample]').forEach((e) => { e.textContent = sample; });
  const form = bar.closest('form');
  if (form) Object.assign(form.dataset, { confirmCount: chosen.length, confirmSample: sample });
}

// A row opens its first link when one clicks beside it (not while marking text).
document.addEventListener('click', (event) => {
  const row = event.target.closest?.('tr[data-href]');
  if (!row || event.target.closest('a, button, input, label, summary, td[data-edit]') || String(getSelection())) return;
  location.assign(row.dataset.href);
});

document.querySelectorAll('[data-table]').forEach(show);

// Columns in an order of one's own: [data-order] is the list, its buttons move an entry and keep the focus.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-order-up], [data-order-down]');
  if (!button) return;
  const item = button.closest('li');
  if (button.matches('[data-order-up]')) item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  button.focus();
});

// Back returns to the row that one left: it is marked, and brought into view; rows that were loaded on after the first
// page are loaded again until it is there. Addresses and ids only, in this tab only.
const leftAt = () => `left:${location.pathname}${location.search}`;
const keyOf = (row) => row.dataset.row ?? row.dataset.href;
let loads = 0;
document.addEventListener('htmx:beforeRequest', (event) => {
  if (event.detail.elt.closest('.more-row')) loads += 1;
});
document.addEventListener('click', (event) => {
  const row = event.target.closest?.('tr[data-row], tr[data-href]');
  if (!row || event.target.closest('input, button, label, td[data-edit]')) return;
  sessionStorage.setItem(leftAt(), JSON.stringify([keyOf(row), loads]));
});

function comeBack([key, further]) {
  const row = [...document.querySelectorAll('tr[data-row], tr[data-href]')].find((each) => keyOf(each) === key);
  if (row) {
    row.classList.add('is-left');
    row.scrollIntoView({ block: 'center' });
  } else if (further > 0) {
    document.addEventListener('htmx:afterSettle', () => comeBack([key, further - 1]), { once: true });
    document.querySelector('.more-row a')?.click();
  }
}
const left = sessionStorage.getItem(leftAt());
if (left) {
  sessionStorage.removeItem(leftAt());
  // htmx listens to the page's elements from the next turn on
  setTimeout(() => comeBack(JSON.parse(left)));
}
