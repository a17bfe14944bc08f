// Small comforts of the customers room: a note's field is empty again once it is kept, a corrected column is no
// longer marked, and the columns open by themselves where one of them wants a look.
document.addEventListener('htmx:afterRequest', (event) => {
  const form = event.detail.elt;
  if (form.matches?.('form[data-clears]') && event.detail.successful) form.reset();
});

document.addEventListener('change', (event) => {
  const row = event.target.closest?.('.map-row');
  if (!row) return;
  row.classList.remove('map-doubt');
  row.classList.toggle('map-skip', event.target.value === '');
});
