// Points from 0 to 100: a slider beside the number field. The field is what is sent and works alone; the slider, which
// has no empty state of its own, says nothing until it is touched.
function wire(box) {
  const field = box.querySelector('input[type=number]');
  const slider = box.querySelector('input[type=range]');
  if (!field || !slider) return;
  slider.hidden = false;
  const show = () => {
    box.classList.toggle('is-set', field.value !== '');
    if (field.value !== '') slider.value = field.value;
  };
  const take = () => { field.value = slider.value; show(); };
  slider.addEventListener('input', take);
  slider.addEventListener('pointerdown', () => setTimeout(take));
  field.addEventListener('input', show);
  show();
}

document.querySelectorAll('[data-points]').forEach(wire);
