// Short tones for what open pages tell: one soft for news, two for a warning, three for an alarm. A desk can be
// quiet (the switch in the staff menu, kept on this device); an alarm sounds all the same.
// Browsers allow sound only after the first touch or key.
const TONES = { info: [660], warn: [660, 550], alarm: [880, 660, 880] };
const KEY = 'sound';
let context = null;

const isQuiet = () => window.localStorage.getItem(KEY) === 'off';

for (const name of ['pointerdown', 'keydown']) {
  document.addEventListener(name, () => { context ??= new AudioContext(); }, { once: true });
}

export function play(level) {
  if (!context || (isQuiet() && level !== 'alarm')) return;
  document.documentElement.dataset.lastSound = level;
  const start = context.currentTime;
  (TONES[level] ?? TONES.info).forEach((pitch, n) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start + n * 0.22);
    volume.gain.exponentialRampToValueAtTime(level === 'alarm' ? 0.3 : 0.12, start + n * 0.22 + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + n * 0.22 + 0.2);
    tone.connect(volume).connect(context.destination);
    tone.start(start + n * 0.22);
    tone.stop(start + n * 0.22 + 0.21);
  });
}

function show() {
  for (const button of document.querySelectorAll('[data-sound-switch]')) button.setAttribute('aria-pressed', String(!isQuiet()));
}

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-sound-switch]')) return;
  window.localStorage.setItem(KEY, isQuiet() ? 'on' : 'off');
  show();
});
show();
