// Cells of a list that are changed where they stand. A heading with data-edit="/…/" says that its column may be: the
// cells below get tabindex and data-edit. Double click, Enter or F2 opens a cell's small form, Enter saves, Esc leaves
// it, Tab saves and goes on to the next such cell; arrows walk from a row's link to its cells. On a phone a tap opens
// the record instead. What the server answers replaces the cell; what it refuses stays in the form with a sentence.
import { say } from './words.js';
import { toast } from './toasts.js';

const desk = matchMedia('(min-width: 768px)');
let open = null; // {cell, form, before: what the form held, html: the cell's own content}

function prepare() {
  for (const heading of document.querySelectorAll('.data-table th[data-edit]')) {
    const table = heading.closest('table');
    for (const row of table.tBodies[0]?.rows ?? []) {
      const cell = row.dataset.row && row.cells[heading.cellIndex];
      if (!cell || cell.dataset.edit) continue;
      cell.dataset.edit = heading.dataset.edit;
      cell.tabIndex = -1;
      cell.setAttribute('aria-keyshortcuts', 'F2');
    }
  }
}
if (desk.matches) prepare();
document.addEventListener('htmx:afterSettle', () => desk.matches && prepare());
document.addEventListener('live:replaced', () => desk.matches && prepare());
desk.addEventListener('change', () => desk.matches && prepare());

const address = (cell) => `${cell.dataset.edit}${cell.closest('tr').dataset.row}/`;
// The table lies in the form of the bulk deeds, so a cell has no form of its own: its fields belong to none (form="cell").
const fieldsOf = (form) => [...form.querySelectorAll('input[name], select[name]')];
const texts = (form) => new URLSearchParams(fieldsOf(form).map((field) => [field.name, field.value]));
const held = (form) => texts(form).toString();
const cellsOf = (row) => [...row.querySelectorAll('td[data-edit]')];
const stopsOf = (row) => [...row.querySelectorAll('[data-rove-item]'), ...cellsOf(row)];

async function call(url, options = {}) {
  const headers = { 'HX-Request': 'true', 'X-CSRFToken': document.querySelector('meta[name=csrf-token]')?.content ?? '' };
  let answer;
  try {
    answer = await fetch(url, { ...options, headers });
  } catch {
    toast({ level: 'error', title: say('offline'), text: say('offline_hint') });
    return null;
  }
  if (answer.status === 401 || answer.redirected) {
    location.reload(); // signed out meanwhile: the page says so itself
    return null;
  }
  if (answer.ok || ((answer.status === 409 || answer.status === 422) && !answer.headers.get('Content-Type').includes('json'))) return answer;
  const problem = await answer.json().catch(() => ({}));
  toast({ level: 'error', title: problem.title ?? say('failed'), text: problem.detail ?? say('failed_hint') });
  return null;
}

async function begin(cell) {
  if (open?.cell === cell || !(await end())) return;
  cell.setAttribute('aria-busy', 'true');
  const answer = await call(address(cell));
  cell.removeAttribute('aria-busy');
  if (!answer || !cell.isConnected) return;
  const html = cell.innerHTML;
  show(cell, html, await answer.text());
}

function show(cell, html, text) {
  cell.innerHTML = text;
  cell.classList.add('is-edited');
  const form = cell.querySelector('[data-cell-form]');
  open = { cell, html, form, before: open?.cell === cell ? open.before : held(form) };
  const first = form.querySelector('.is-invalid') ?? form.querySelector('select, input:not([type=hidden])');
  first.focus();
  first.select?.();
}

function cancel({ focus = true } = {}) {
  const { cell, html, form } = open;
  const stale = form.querySelector('[role=alert]'); // somebody changed it, or it was refused: show what it holds now
  open = null;
  cell.innerHTML = html;
  cell.classList.remove('is-edited');
  if (focus) cell.focus();
  if (stale) renew(cell);
}

async function renew(cell) {
  const answer = await call(`${address(cell)}?shown=1`);
  if (answer && cell.isConnected && open?.cell !== cell) put(cell, await answer.text());
}

function put(cell, text) {
  const shell = document.createElement('template');
  shell.innerHTML = text.trim();
  const fresh = shell.content.querySelector('td');
  const focused = cell === document.activeElement || cell.contains(document.activeElement);
  cell.replaceWith(fresh);
  prepare();
  if (focused) fresh.focus();
  return fresh;
}

/** Saves what is open, if it was changed. False: it stays open. */
async function end() {
  if (!open) return true;
  const { cell, form, before, html } = open;
  if (held(form) === before) {
    cancel({ focus: false });
    return true;
  }
  if (form.ariaBusy === 'true') return false;
  form.ariaBusy = 'true';
  const answer = await call(address(cell), { method: 'POST', body: texts(form) });
  form.ariaBusy = null;
  if (!answer) return false;
  const text = await answer.text();
  if (!answer.ok) {
    show(cell, html, text);
    return false;
  }
  open = null;
  const fresh = put(cell, text);
  fresh.classList.add('is-saved');
  const said = JSON.parse(answer.headers.get('HX-Trigger') ?? '{}').toast;
  if (said) toast({ ...said, undone: () => takeBack(said.undo, fresh) });
  return true;
}

async function takeBack(url, cell) {
  const answer = await call(url, { method: 'POST' });
  if (!answer) return;
  const said = JSON.parse(answer.headers.get('HX-Trigger') ?? '{}').toast;
  if (said) toast(said);
  const row = document.querySelector(`tr[data-row="${cell.closest('tr')?.dataset.row}"]`);
  const now = cell.isConnected ? cell : cellsOf(row ?? document.createElement('tr')).find((each) => each.dataset.edit === cell.dataset.edit);
  if (now && open?.cell !== now) renew(now);
}

/** Saves, then opens the next such cell of the table (or the one before). */
async function go(step) {
  const all = [...open.cell.closest('tbody').querySelectorAll('td[data-edit]')];
  const [row, column] = [open.cell.closest('tr'), open.cell.cellIndex];
  const next = all[all.indexOf(open.cell) + step];
  if (!(await end())) return;
  if (next) begin(next);
  else row.cells[column].focus();
}

document.addEventListener('dblclick', (event) => {
  const cell = event.target.closest?.('td[data-edit]');
  if (!cell || event.target.closest('[data-cell-form]')) return;
  getSelection()?.removeAllRanges();
  begin(cell);
});

/** Saves, and gives the focus back to the cell. */
async function save() {
  const [row, column] = [open.cell.closest('tr'), open.cell.cellIndex];
  if (await end()) row.cells[column].focus();
}

document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-cell-cancel]')) cancel();
  else if (event.target.closest?.('[data-cell-save]')) save();
});

// Before every other part that listens to keys: they leave alone what is prevented here.
document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.keyCode === 229) { // an input method's Enter chooses a word, and saves nothing
    if (event.key === 'Enter' && event.target.closest?.('[data-cell-form]')) event.stopPropagation();
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const form = event.target.closest?.('[data-cell-form]');
  if (form) {
    if (event.defaultPrevented) return;
    const list = event.target.closest('.ts-wrapper')?.previousElementSibling?.tomselect;
    if (list?.isOpen && list.activeOption && (event.key === 'Enter' || event.key === 'Tab')) list.onOptionSelect(event, list.activeOption);
    if (event.key === 'Escape') cancel();
    else if (event.key === 'Enter' && !event.target.matches('button')) save();
    else if (event.key === 'Tab' && plain) {
      const fields = fieldsOf(form).filter((field) => field.type !== 'hidden');
      const at = fields.indexOf(list?.input ?? event.target);
      if (fields[at + (event.shiftKey ? -1 : 1)]) return; // the next field of this cell
      go(event.shiftKey ? -1 : 1);
    } else return;
  } else {
    const row = plain && event.target.closest?.('tr[data-row]');
    if (!row || !cellsOf(row).length || !event.target.matches('td[data-edit], [data-rove-item]')) return;
    const cell = event.target.closest('td[data-edit]');
    const stops = stopsOf(row);
    const at = stops.indexOf(event.target);
    if (event.key === 'F2') begin(cell ?? cellsOf(row)[0]);
    else if (event.key === 'Enter' && cell) begin(cell);
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') stops[at + (event.key === 'ArrowRight' ? 1 : -1)]?.focus();
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && cell) {
      const next = event.key === 'ArrowDown' ? row.nextElementSibling : row.previousElementSibling;
      if (next?.dataset.row) next.cells[cell.cellIndex].focus();
    } else return;
  }
  event.preventDefault();
  event.stopPropagation();
}, true);
