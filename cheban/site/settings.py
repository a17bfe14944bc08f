"""Settings, from the environment that `cheban` (cli) prepares. No secrets here, no second place for any."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from cheban.core.logs import configure_logging

BASE_DIR = Path(__file__).resolve().parent
ENV = os.environ.get("CHEBAN_ENV", "dev")  # dev | production | test
DATA_DIR = Path(os.environ.get("CHEBAN_DATA_DIR") or BASE_DIR.parents[1] / "var")
DEBUG = False


def _secret(name: str) -> str:
    folder = os.environ.get("CHEBAN_SECRETS_DIR")
    if value := os.environ.get(f"CHEBAN_{name.upper()}"):
        return value
    if folder and (Path(folder) / name).exists():
        return (Path(folder) / name).read_text().strip()
    raise ImproperlyConfigured(
        f"no {name}: set CHEBAN_SECRETS_DIR to the folder that holds it (bin/cheban does), or CHEBAN_{name.upper()}"
    )


PREPARED_AT = 5
"""At which use a connection has a statement prepared."""


def database(url: str, *, pool: bool = False) -> dict:
    """A DATABASES entry from postgresql://user:password@host:port/name?host=/socket/folder."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "OPTIONS": {**query, "application_name": "cheban"},
        "DISABLE_SERVER_SIDE_CURSORS": False,
        "CONN_MAX_AGE": 0 if pool else 600,
        "CONN_HEALTH_CHECKS": not pool,
    }
    if os.environ.get("CHEBAN_DB_PREPARED"):  # the web server's connections: decision 0038
        entry["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": PREPARED_AT - 1}
    if pool:
        entry["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}
    return entry


SECRET_KEY = _secret("django_secret_key")
_app_url = os.environ.get("CHEBAN_DB_APP_URL", "")
if not _app_url:
    raise ImproperlyConfigured("no CHEBAN_DB_APP_URL: start through bin/cheban or make, which set it")
DATABASES = {"default": database(_app_url)}
if owner_url := os.environ.get("CHEBAN_DB_OWNER_URL"):
    DATABASES["owner"] = database(owner_url) | {"CONN_MAX_AGE": 0}
APP_DB_ROLE = DATABASES["default"]["USER"]

ALLOWED_HOSTS = os.environ.get("CHEBAN_HOSTS", "127.0.0.1 localhost [::1]").split()
CSRF_TRUSTED_ORIGINS = os.environ.get("CHEBAN_ORIGINS", "").split()
SITE_ADDRESS = next(
    iter(CSRF_TRUSTED_ORIGINS), "" if ENV == "production" else f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
)
"""Where links in messages to customers lead; unknown in production without CHEBAN_ORIGINS: such messages then wait as
'missing field' instead of going out with an address that nobody can open."""
ROOT_URLCONF = "cheban.site.urls"
WSGI_APPLICATION = "cheban.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "org.Staff"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "cheban.core",
    "cheban.org",
    "cheban.messaging",
    "cheban.lists",
    "cheban.customers",
    "cheban.playbook",
    "cheban.workshop",
    "cheban.sales",
    "cheban.voice",
    "cheban.handbook",
    "cheban.scorecard",
    "cheban.api",
    "cheban.site",
]

MIDDLEWARE = [
    "cheban.site.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cheban.site.middleware.Scope",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cheban.site.shell.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                ),
            ],
        },
    },
]

# Sign-in: names only, no e-mail, no sign-up. After wrong passwords an account waits longer and longer
# (`growing_delay`); addresses and codes of the second factor have allauth's limits. All counts lie in a cache table
# that all processes share.
AUTHENTICATION_BACKENDS = ["cheban.site.accounts.Backend"]
ACCOUNT_ADAPTER = "cheban.site.accounts.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "30/m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("CHEBAN_PROXIES", "0"))
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds after which changing how one signs in asks who it is again
MFA_ADAPTER = "cheban.site.accounts.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff have no e-mail address here
MFA_TOTP_ISSUER = "车伴"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = ENV != "production"  # localhost without TLS
USERSESSIONS_TRACK_ACTIVITY = False

# Single sign-on with the group's own identity provider, only where one is named. See docs/sso.md.
OIDC = (
    {
        "issuer": os.environ["CHEBAN_OIDC_ISSUER"],
        "name": os.environ.get("CHEBAN_OIDC_NAME", ""),
        "claim": os.environ.get("CHEBAN_OIDC_CLAIM", "email"),
        "email_domain": os.environ.get("CHEBAN_OIDC_EMAIL_DOMAIN", ""),
    }
    if os.environ.get("CHEBAN_OIDC_ISSUER")
    else None
)
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"provider_class": "cheban.site.sso.door.Provider", "APPS": []}}
if OIDC:
    if ENV == "production" and not OIDC["issuer"].startswith("https://"):
        raise ImproperlyConfigured("CHEBAN_OIDC_ISSUER must begin with https:// in production")
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "sso",
            "name": "sso",
            "client_id": _secret("oidc_client_id"),
            "secret": _secret("oidc_client_secret"),
            "settings": {"server_url": OIDC["issuer"].rstrip("/")},
        }
    )
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ENV == "production" else "http"  # of the address that one comes back to
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "site_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # at Django's 300 a few hundred made-up logins would push out who waits
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},  # may differ between processes
}
SESSION_ENGINE = "cheban.site.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV == "production"
CSRF_FAILURE_VIEW = "cheban.site.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static_built"
STATICFILES_DIRS = []
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[.-][0-9a-zA-Z]{8,}\.(js|css|svg|woff2)$"
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6000
IMPORT_FILE_LIMIT = 200 * 1024 * 1024  # bytes of one uploaded spreadsheet

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"  # each room's jobs.py
LOGGING_CONFIG = None
configure_logging(json=ENV == "production", level=os.environ.get("CHEBAN_LOG", "INFO"))

if ENV == "production" and len(SECRET_KEY) < 40:
    raise ImproperlyConfigured("django_secret_key is too short for production: delete the file and restart")
