// The one script of owners' pages. They work without it; it keeps an open conversation up and makes points slide.
import './htmx.js';
import './forms.js';
import './talk.js';
import './points.js';
import './live.js';
