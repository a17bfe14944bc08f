// The staff pages' one script. Pages work without it; it adds keys, clocks, fragments and the palette.
// Parts find their elements by data attributes and listen on the document, so that fragments which htmx
// brings in later work at once. Nothing here knows the business.
import './htmx.js';
import './dialogs.js';
import './toasts.js';
import './theme.js';
import './clocks.js';
import './keys.js';
import './palette.js';
import './table.js';
import './edit.js';
import './select.js';
import './upload.js';
import './forms.js';
import './panels.js';
import './folds.js';
import './imports.js';
import './passkeys.js';
import './reading.js';
import './talk.js';
import './live.js';
