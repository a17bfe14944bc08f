// The script's texts, in the reader's language, as the page brought them (`script_words` in time_words.py).
const words = JSON.parse(document.getElementById('words')?.textContent || '{}');

/** The text `key` with its %(name)s and %(n)d places filled. */
export function say(key, values = {}) {
  return String(words[key] ?? key).replace(/%\((\w+)\)[sd]/g, (_, name) => values[name] ?? '').replaceAll('%%', '%');
}

export const weekday = (n) => words.weekdays?.[n] ?? '';
export const month = (n) => words.months?.[n - 1] ?? '';

// Several names as the page's language lists them: 张伟、李雷 or Anna, Ben.
export const listed = (names) => names.join(document.documentElement.lang.startsWith('zh') ? '、' : ', ');
