// Small panels that open in place, one at a time: [data-panel="id"] shows #id and hides its siblings.
// [data-fill] puts its value into the [data-filled] field of its form. [data-keep-scroll] (with an id) keeps its
// place when htmx replaces it. [data-print] prints the page. [data-desk-only] links are fragments on a desk and plain pages on a phone.

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-print]')) {
    window.print();
    return;
  }
  const opener = event.target.closest('[data-panel]');
  if (opener) {
    const panel = document.getElementById(opener.dataset.panel);
    const show = panel.hidden;
    closeAll(opener.closest('[data-panels]'));
    if (show) {
      panel.hidden = false;
      opener.setAttribute('aria-expanded', 'true');
      panel.querySelector('[data-focus], .panel-choices button, form button, input:not([type=hidden])')?.focus({ preventScroll: true });
      panel.scrollIntoView({ block: 'nearest' });
    }
    return;
  }
  if (event.target.closest('[data-panel-close]')) {
    const group = event.target.closest('[data-panels]');
    const open = group.querySelector('[data-panel][aria-expanded=true]');
    closeAll(group);
    open?.focus();
  }
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.isComposing || document.querySelector('dialog[open]')) return;
  const group = [...document.querySelectorAll('[data-panels]')].find((g) => g.querySelector('[data-panel][aria-expanded=true]'));
  const open = group?.querySelector('[data-panel][aria-expanded=true]');
  if (open) {
    closeAll(group);
    open.focus();
  }
});

function closeAll(group) {
  group?.querySelectorAll('[data-panel]').forEach((opener) => {
    opener.setAttribute('aria-expanded', 'false');
    document.getElementById(opener.dataset.panel).hidden = true;
  });
}

document.addEventListener('click', (event) => {
  const choice = event.target.closest('[data-fill]');
  if (!choice) return;
  const field = choice.closest('form').querySelector('[data-filled]');
  field.value = choice.dataset.fill;
  field.dispatchEvent(new Event('change', { bubbles: true }));
});

const places = new Map();
document.addEventListener('htmx:beforeSwap', () => {
  document.querySelectorAll('[data-keep-scroll]').forEach((e) => places.set(e.id, e.scrollTop));
});
document.addEventListener('htmx:afterSwap', () => {
  document.querySelectorAll('[data-keep-scroll]').forEach((e) => {
    e.scrollTop = places.get(e.id) ?? 0;
    reveal(e);
  });
});

/** Scrolls a list, and only the list, until its current item shows. */
function reveal(list) {
  const item = list.querySelector('[aria-current=true]');
  if (!item) return;
  const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  if (inner.top < outer.top + 36) list.scrollTop -= outer.top + 36 - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
document.querySelectorAll('[data-keep-scroll]').forEach(reveal);

document.addEventListener('htmx:beforeRequest', (event) => {
  if (!event.detail.elt.matches('[data-desk-only]') || !matchMedia('(max-width: 767.98px)').matches) return;
  event.preventDefault();
  location.assign(event.detail.elt.href);
});
