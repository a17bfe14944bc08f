// Material that is read to its end: the button behind it can be pressed once the end has been on the screen.
const end = document.querySelector('[data-read-end]');
const button = end?.querySelector('[data-after-reading]');

if (button) {
  const unread = end.querySelector('[data-unread]');
  button.disabled = true;
  unread.hidden = false;
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    button.disabled = false;
    unread.hidden = true;
    seen.disconnect();
  });
  seen.observe(button);
}
