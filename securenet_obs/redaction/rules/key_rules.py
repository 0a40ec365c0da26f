"""Table of key rules: names that have secret values, such as `password` or `api_key`."""

from securenet_obs.redaction.rules.rule import KeyRule
from securenet_obs.redaction.rules.shapes import is_mixed_key
from securenet_obs.redaction.rules.vendor_names import VENDOR_KEY_RULE

KEY_RULES: tuple[KeyRule, ...] = (
    KeyRule("password", "pass word|passwd|pass phrase|pass code|passwort|^pass$|^pw$"),
    KeyRule("pwd", "pwd", unless=r"/[^\s:]*|[A-Za-z]:\\.*"),  # the shell's PWD is a folder
    KeyRule("secret", "secret|code verifier"),
    KeyRule("token", "token|jwt$|^bearer$|saml response$"),
    KeyRule(
        "api_key",
        "access key|account key|api key|app key|auth key|client key|consumer key|diagnostics key"
        "|encryption key|fernet key|hmac key|license key|master key|session key|shared key"
        "|signing key|ssh key|subscription key|webhook key|application key|validation key"
        "|decryption key",
    ),
    KeyRule("key_material", "private key|pre shared key|^psk$|seed phrase|mnemonic$|^salt$"),
    KeyRule(
        "authorization", "authorization$|authorization header$|^auth header$", to_line_end=True
    ),
    KeyRule("auth", "^auth$|redis auth$|redis cli auth$"),
    # urllib's part of an address: it is secret with a password before its last `@`.
    KeyRule("netloc", "^netloc$", unless=r"[^@]*|[^:]*@[^@]*"),
    KeyRule("cookie", "cookie", to_line_end=True),
    KeyRule(
        "session",
        "session id$|sess id$|^sid$|session hash$|^csrf$|^xsrf$|csrf middleware$|gitlab session$"
        "|laravel session$|flask session$|rails session$",
    ),
    KeyRule("credential", "credential|^creds$"),
    KeyRule(
        "signature",
        "amz signature|goog signature|hub signature|webhook signature|x signature|^sig$",
    ),
    KeyRule("signature", "stripe signature|slack signature", to_line_end=True),
    KeyRule(
        "one_time_code",
        "^otp$|^totp$|mfa code$|verification code$|^pin$|pin code$|backup codes$",
        unless=r"\d{1,3}",  # of a device or a connector
    ),
    KeyRule("card_field", "card number|card num$|^cvv$|^cvc$|security code$|^ssn$|social security"),
    KeyRule("sql_parameters", "sql param|db param|db query param|statement param"),
    VENDOR_KEY_RULE,
    KeyRule("api_key", "key$|access$", judge=is_mixed_key),
    KeyRule("auth", "auth$", judge=is_mixed_key),
    KeyRule("pii_user", "user name$|^user$|^login$|e mail$|e mail address$|full name$", pii=True),
    KeyRule("pii_person", "first name$|last name$|phone$|phone number$", pii=True),
    KeyRule("pii_address", "^ip$|ip address$|remote addr$|forwarded for$|real ip$", pii=True),
    KeyRule("pii_peer", "orig h$|resp h$|^mac$|address$|src ip$|dest ip$|client ip$", pii=True),
    KeyRule("pii_host", "^host$|host name$|server name$|fqdn$|domain$", pii=True),
)
