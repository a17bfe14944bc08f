// Choices with more than a handful of entries can be typed: 汉字, full pinyin, initials. The server marks their options
// with data-pinyin (`{{ label|pinyin }}`); the rest is Tom Select over the plain <select>, which stays where the script
// does not run. Fragments that htmx or a live page brings in are dressed as they come.
import TomSelect from 'tom-select/base';
import { say } from './words.js';

const FEW = 6;

function dress(select) {
  if (select.tomselect || select.multiple || select.disabled || select.dataset.plain !== undefined) return;
  if (select.options.length <= FEW || !select.querySelector('option[data-pinyin]')) return;
  const label = select.getAttribute('aria-label') ?? select.labels?.[0]?.textContent.trim();
  const shown = getComputedStyle(select);
  const had = document.activeElement === select;
  const made = new TomSelect(select, {
    searchField: ['text', 'pinyin'],
    sortField: [{ field: '$score', direction: 'desc' }, { field: '$order' }],
    maxOptions: 400,
    maxItems: 1,
    allowEmptyOption: true,
    hideSelected: false,
    selectOnTab: true,
    openOnFocus: true,
    refreshThrottle: 0,
    placeholder: ' ', // for the style sheet: whether something is typed
    // Inside what cuts off its content the list would not show.
    dropdownParent: select.closest('.table-card, .table-scroll') ? 'body' : null,
    render: {
      option: (data, escape) => `<div>${escape(data.text)}</div>`,
      item: (data, escape) => `<div>${escape(data.text)}</div>`,
      no_results: () => `<div class="no-results">${say('no_choice')}</div>`,
    },
  });
  made.on('dropdown_open', (list) => {
    const control = made.control.getBoundingClientRect();
    list.style.setProperty('--control', `${control.height}px`);
    const room = innerHeight - control.bottom;
    list.classList.toggle('is-above', room < list.offsetHeight + 8 && control.top > room);
  });
  if (label) made.control_input.setAttribute('aria-label', label);
  const described = select.getAttribute('aria-describedby');
  if (described) made.control_input.setAttribute('aria-describedby', described);
  if (select.required) made.control_input.setAttribute('aria-required', 'true');
  if (had) made.focus();
  if (select.classList.contains('w-auto') && shown.width !== 'auto') made.wrapper.style.minWidth = shown.width;
}

function dressAll(root) {
  if (root.matches?.('select')) dress(root);
  root.querySelectorAll?.('select').forEach(dress);
}

dressAll(document);
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) dressAll(node);
}).observe(document.body, { childList: true, subtree: true });

// A page out of the back-forward cache, or one that the browser filled in again, shows what its selects hold.
window.addEventListener('pageshow', () => document.querySelectorAll('select.tomselected').forEach((select) => select.tomselect.sync()));
document.addEventListener('reset', (event) => setTimeout(() => event.target.querySelectorAll('select.tomselected').forEach((select) => select.tomselect.sync())));
