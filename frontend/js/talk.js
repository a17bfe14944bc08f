// A conversation stays at its newest message, unless one is reading further up.
const NEAR = 120;

function ends(root) {
  return [...root.querySelectorAll?.('[data-talk-end]') ?? []];
}

function toEnd(el) {
  el.scrollTop = el.scrollHeight;
}

let wasAtEnd = true;
document.addEventListener('scroll', (event) => {
  const el = event.target;
  if (el.matches?.('[data-talk-end]')) wasAtEnd = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
}, true);

document.addEventListener('live:replaced', (event) => {
  if (event.target.matches?.('[data-talk-end]') && wasAtEnd) toEnd(event.target);
});
document.addEventListener('htmx:afterSwap', () => ends(document).forEach(toEnd));
ends(document).forEach(toEnd);
