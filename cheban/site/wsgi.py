"""The web server's door. What a first visitor would wait for is done before one comes."""

import gc
import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cheban.site.settings")
os.environ.setdefault("CHEBAN_DB_PREPARED", "1")  # decision 0038

from django.core.wsgi import get_wsgi_application


def warm_up() -> int:
    """Import all views and compile all templates of ours; returns how many templates."""
    from django.template.loader import get_template
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    names = [
        path.relative_to(folder).as_posix()
        for folder in sorted(Path(__file__).resolve().parents[1].glob("*/templates"))
        for path in sorted(folder.rglob("*.html"))
    ]
    for name in names:
        get_template(name)
    return len(names)


def settle() -> None:
    """Take what was loaded out of the garbage collector's rounds: it lives as long as the process, and going through
    it again and again while pages are made took a fifth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


application = get_wsgi_application()
warm_up()
settle()
