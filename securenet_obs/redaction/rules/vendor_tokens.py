"""Table of vendors' documented token forms, by kind of service: a fixed prefix or mark, a body."""

import re
from collections.abc import Callable, Sequence

from securenet_obs.redaction.rules.rule import START, TextRule
from securenet_obs.redaction.rules.shapes import is_random

_Judge = Callable[[re.Match[str]], bool]

_END = r"(?![A-Za-z0-9])"
_AHEAD = re.compile(r"\(\?![^()]*\)")
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

# A form, without its end, is the anchor, too: ASCII that JSON does not escape. A body is open at
# its end where a vendor has lengthened its tokens before, so that no rest of a token remains. A
# third part is the anchor of a form that begins with any letters: as an anchor it would be slow.
_TOKENS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ai_token": (
        ("sk-ant-[a-z]", r"{1,12}\d{2}-[\w-]{20,}+"),
        ("sk-or-v[0-9]", r"-[A-Za-z0-9_-]{20,}+"),
        ("sk-api-", r"[\w-]{40,}+"),
        ("(?i:sk-)[0-9A-Fa-f]", rf"{{32}}{_END}"),
        ("(?i:csk-)[A-Za-z0-9]", r"{32,}+"),
        ("sk_car_", r"\w{16,}+"),
        ("[ps]k-lf-", _UUID),
        ("gsk_", r"[A-Za-z0-9]{20,}+"),
        ("xai-", r"[\w-]{40,}+"),
        ("pplx-", r"[A-Za-z0-9]{32,}+"),
        ("(?i:r8_)", r"[A-Za-z0-9]{32,}+"),
        ("api_org_", r"[A-Za-z]{30,}+"),
        ("(?i:nvapi-)", r"[\w-]{40,}+"),
        ("(?i:tgp_v1_)", r"[\w-]{32,}+"),
        ("llx-", r"[A-Za-z0-9]{32,}+"),
        ("pcsk_", r"[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,}+"),
        ("lsv2_[ps][tk]_", r"[0-9a-fA-F]{32}_[0-9a-fA-F]{10}"),
        ("(?i:wandb_v1_)", r"\w{40,}+"),
        (r"AQ\.Ab", r"[\w-]{30,}+"),
        ("ABSK", r"[A-Za-z0-9+/]{60,}+={0,2}"),
        ("bedrock-api-key-", r"[\w+/=-]{20,}+"),
        ("apify_api_", r"[A-Za-z0-9]{30,}+"),
        ("rpa_", r"[A-Za-z0-9]{28,}+"),
        ("apk_", r"(?:user_)?[A-Za-z0-9+/]{60,}+={0,2}"),
        ("cog_[a-z2-7]", r"{40,}+"),
        ("tvly-", r"(?:dev-|prod-)?[A-Za-z0-9-]{20,}+"),
        ("jina_[0-9a-f]", r"{30,}+"),
        ("fc-[0-9a-f]", rf"{{32}}{_END}"),
        ("fw_[A-Za-z0-9]", r"{20,}+"),
        ("m0-[A-Za-z0-9]", r"{30,}+"),
        ("BSA[A-Za-z0-9_-]", r"{24,}+"),
        ("lip_", r"\w{16,}+"),
    ),
    "cloud_token": (
        ("A3T[A-Z0-9][A-Z2-7]", rf"{{16}}{_END}"),
        ("LTAI", rf"[A-Za-z0-9]{{12,30}}{_END}"),
        (r"STS\.[A-Za-z0-9]", r"{16,}+"),
        ("SCW[A-Z0-9]", rf"{{17}}{_END}"),
        ("EXO[A-Za-z0-9]", rf"{{24,30}}{_END}"),
        ("HRKU-", r"[\w-]{36,}+"),
        ("tskey-", r"[a-z]{2,12}-[\w-]{16,}+"),
        ("ucat_", r"[A-Za-z0-9]{20,}+"),
        ("(?i:vc[aciknpr]_)", r"[\w-]{24,}+"),
        ("nf[opcub]_", r"[\w-]{36,}+"),
        ("rnd_", r"[A-Za-z0-9]{24,}+"),
        ("tk-us-", r"[\w-]{32,}+"),
        ("napi_", r"[A-Za-z0-9]{40,}+"),
        ("(?i:pscale_)", r"(?i:tkn|oauth|pw|pid|app)_[\w=.-]{20,}+"),
        ("sbp_", r"(?:v\d_)?[\w-]{40,}+"),
        ("sb_(?:secret|publishable)_", r"[\w-]{20,}+"),
        ("mdb_sa_sk_", r"[\w-]{30,}+"),
        ("CCDB1_", r"[A-Za-z0-9]{16,}_[A-Za-z0-9]{32,}+"),
        ("AstraCS:", r"[A-Za-z0-9]{16,}+(?::[0-9a-f]{32,}+)?"),
        ("4b1d[A-Za-z0-9]", rf"{{38}}{_END}"),
        ("essu_", r"[\w-]{40,}+={0,2}"),
        ("ops_eyJ", r"[\w+/-]{100,}+={0,3}"),
        ("A3-[A-Z0-9]", r"{6}-[A-Z0-9]{6}(?:-?[A-Z0-9]{5}){4}"),
        (r"dp\.[a-z]", r"{2,5}\.(?:[\w-]{1,40}\.)?[A-Za-z0-9]{40,}+"),
        ("dt0[a-z][0-9]", r"{2}\.[A-Za-z0-9]{8,24}(?:\.[A-Za-z0-9]{40,}+)?"),
        ("(?i:ph[cxrs]_)", r"[\w-]{32,}+"),
        ("SWMTKN-1-", r"[a-z0-9]{40,}+-[a-z0-9]{20,}+"),
        ("SWMKEY-1-", r"[A-Za-z0-9+/]{40,}+"),
        ("sha256~", r"[\w-]{40,}+"),
        ("ico-[A-Za-z0-9]", rf"{{32}}{_END}"),
        ("pul-[0-9a-f]", rf"{{40}}{_END}"),
        (r"v1\.0-[0-9a-f]", r"{24}-[0-9a-f]{100,}+"),
        ("cf[a-z]t_", r"[A-Za-z0-9]{40,}+"),
        ("f[mo][12]_", r"[\w+/=,-]{40,}+"),
        (r"[A-Za-z0-9]{14}\.(?i:atlasv1)\.", r"[\w=-]{40,}+", r"\.(?i:atlasv1)\."),
        ("ramp_sec_", r"[A-Za-z0-9]{32,}+"),
        (r"s\.[A-Za-z0-9]", rf"{{24}}{_END}"),
        ("dd[op]_", r"[A-Za-z0-9]{36}"),
        ("ionos_", r"[\w-]{32,}+"),
        ("hcp\\.", r"[\w.-]{40,}+"),
        ("l[nt]k_", r"[A-Za-z0-9]{32,}+"),
    ),
    "code_token": (
        ("AT(?:AT|CT|ST|OA)", r"[\w=+/-]{60,}+"),
        ("ATBB", r"[\w-]{24,}+"),
        ("BBDC-", r"[A-Za-z0-9+/=]{32,}+"),
        ("bk(?:ua|aa|aj|ar|ct|pt|pat|ps|rt|gt|st)_", r"[\w-]{32,}+"),
        ("CCI(?:PAT|PRJ)_", r"[A-Za-z0-9]{16,}_[A-Za-z0-9]{40}"),
        ("rubygems_", r"[0-9a-f]{40,}+"),
        ("(?i:CLOJARS_)", r"[A-Za-z0-9]{40,}+"),
        ("cio[A-Za-z0-9]", rf"{{32}}{_END}"),
        ("oy2[a-z0-9]", rf"{{43}}{_END}"),
        ("PMAT-", r"[A-Za-z0-9]{24,}+"),
        ("1//0", r"[\w-]{24,}+"),
        ("AKCp", r"[A-Za-z0-9]{60,}+"),
        ("cmVmd", r"[A-Za-z0-9]{50,}+"),
        ("csa_", r"[A-Za-z0-9]{32,}+"),
        ("(?i:sgph?_)", r"(?:(?i:local|[0-9a-f]{16})_)?[A-Za-z0-9]{40,}+"),
        ("sq[apu]_[0-9a-f]", rf"{{40}}{_END}"),
        ("API-[A-Z0-9]", rf"{{25,32}}{_END}"),
        ("pn[ub]_", r"[A-Za-z0-9]{32,}+"),
        ("(?i:fig[du]_)", r"[\w-]{36,}+"),
        ("ntn_", r"[A-Za-z0-9]{40,}+"),
        ("secret_[A-Za-z0-9]", rf"{{43}}{_END}"),
        ("dvc_(?:client|mobile|server)_", r"\w{8,}+"),
        ("configcat-(?:proxy|sdk)-", r"\d/[\w-]{20,}+/[\w-]{20,}+"),
        ("rdme_", r"[A-Za-z0-9]{40,}+"),
        ("packagist_[a-z]", r"{3}_[0-9a-f]{28,}+"),
        ("tss_", r"[\w-]{20,}+"),
        ("vtwn_", r"[\w-]{20,}+"),
        ("(?i:gcntfy-)", r"\w{1,60}-" + _UUID + "-" + _UUID),
        ("AIK_(?:CI|CLIENT|SECRET)_", r"[A-Za-z0-9]{20,}+"),
        ("ATTA[0-9a-f]", r"{60,}+"),
        ("ion_", r"[A-Za-z0-9]{36,}+"),
        ("fio-u-", r"[\w=-]{40,}+"),
        ("zpka_", r"[a-z0-9]{24,}_[0-9a-f]{8}"),
        ("pat[A-Za-z0-9]{14}\\.", r"[0-9a-f]{64}", r"[A-Za-z0-9]\.[0-9a-f]{64}"),
        (
            r"(?:pat|sat)\.[\w-]{20,24}\.",
            r"[0-9a-f]{24}\.[A-Za-z0-9]{20}",
            r"\.[0-9a-f]{24}\.[A-Za-z0-9]{20}",
        ),
        ("sm_[a-z]at_", r"[A-Za-z0-9]{16,}+"),
        ("unkey_", r"[A-Za-z0-9]{20,}+"),
        ("waka_", r"[a-z0-9-]{32,}+"),
        ("wrka", r"(?:[a-z]{2})?-eyJ[\w.-]{60,}+"),
        ("GR1348941", r"[\w-]{20,}+"),
        ("(?:sdk|mob|api)-[0-9a-f]{8}-", r"[0-9a-f]{4}(?:-[0-9a-f]{4}){2}-[0-9a-f]{12}"),
        ("(?:live|test)_(?:pub_)?[0-9a-f]", rf"{{31,40}}{_END}"),
    ),
    "message_token": (
        (r"[MNO][\w-]{23,27}\.[\w-]{6}\.", r"[\w-]{27,}+", r"\.[\w-]{6}\.[\w-]{27}"),
        ("x(?:key|smtp)sib-", r"[0-9a-fA-F]{64}-[A-Za-z0-9]{16}"),
        (r"mlsn\.", r"[A-Za-z0-9]{30,}+"),
        ("re_[1-9A-Za-z]{8}_", r"[A-Za-z0-9]{20,}+"),
        ("pubkey-[0-9a-f]", rf"{{32}}{_END}"),
        ("EAA[A-Z]", r"[A-Za-z0-9]{60,}+"),
        ("(?i:[0-9]{15,17}(?:\\||%7C|%))", r"[\w-]{27,40}", r"[0-9](?:\||%(?:7[Cc])?)[\w-]{27}"),
        ("pina_", r"[\w-]{20,}+"),
        ("nyk_", r"[A-Za-z0-9]{32,}+"),
        ("[0-9a-f]{32}-us[0-9]", rf"{{1,2}}{_END}", "-us[0-9]"),
        ("os_v2_(?:app|org)_", r"[a-z2-7]{60,}+"),
        ("pat-(?:na|eu|ap)[0-9]", r"{0,2}-" + _UUID),
        ("tfp_", r"[\w.=-]{40,}+"),
        ("rootly_[0-9a-f]", r"{40,}+"),
        (r"incoming\+", r"[\w.-]{20,600}-(?:issue(?:-\d{1,9})?|merge-request)"),
        ("ey[A-Za-z0-9]{17}[A-Za-z0-9]*\\.ey", r"[\w/\\-]{17,}+(?:\.[\w/\\-]{10,}+={0,2})?"),
        ("IG(?:QV|AA)", r"[\w-]{60,}+"),
        ("4/0A", r"[\w-]{40,}+"),
        ("secret_(?:live|test)_", r"\w{16,}+"),
    ),
    "payment_token": (
        ("rzp_(?:live|test)_", r"[A-Za-z0-9]{14,}+"),
        ("EZ[AT]K", r"[A-Za-z0-9]{50,}+"),
        ("FLW(?:SEC|PUB)K(?:_TEST)?-", r"[A-Za-z0-9]{12,}+(?:-X)?"),
        ("shippo_(?:live|test)_", r"[0-9a-fA-F]{40}"),
        ("xnd_(?:production|development)_", r"[A-Za-z0-9]{40,}+"),
        (r"aact_(?:prod|hmlg|YTU5)_?", r"[\w:=-]{20,}+"),
        ("pdl_(?:live|sdbx)_", r"\w{30,}+"),
        ("mercury_production_", r"\w{30,}+"),
        ("duffel_(?:live|test)_", r"[\w=-]{40,}+"),
        ("s-s4t2(?:ud|af)-", r"[0-9a-f]{64}"),
        ("access-(?:sandbox|development|production)-", _UUID),
        (r"access_token\$(?:production|sandbox)\$", r"[0-9a-z]{16}\$[0-9a-f]{32}"),
        ("EAAA", r"[\w-]{20,}+"),
        ("api_live", r"(?:_ca|_us|_eu)?\.[\w-]{20,}+"),
        ("persona_(?:production|sandbox)_", r"[\w-]{20,}+"),
        ("endr\\+", r"[A-Za-z0-9-]{12,}+"),
        ("Mid-(?:server|client)-", r"[\w-]{8,}+"),
        ("cnvca", r"[\w-]{40,}+"),
        ("p8e-", r"[A-Za-z0-9]{32}"),
        ("[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", _END, "_mmk"),
        ("c[ks]_[0-9a-f]", rf"{{40}}{_END}"),
        ("polar_[a-z]", r"{2,4}_[\w-]{20,}+"),
        ("prf_", r"(?:cli_)?[\w-]{20,}+"),
        ("PRD-[0-9a-f]", r"{8,12}(?:-[0-9a-f]{4,12}){1,4}"),
    ),
}

# Other rules mask these, and are counted for it.
_NOT_INSIDE = r"(?<![A-Za-z0-9_-])(?!dckr_|lin_|github_|[prs]k[-_]|key-|sq0|glpat|hf_|npm_|shp)"

_JUDGED: tuple[tuple[str, ...], ...] = (
    ("(?:pa|al)-[A-Za-z0-9_-]", rf"{{43}}{_END}"),
    ("(?i:sk-)[A-Za-z0-9_-]", rf"{{48}}{_END}"),
    ("[0-9A-Fa-f]{32}\\.", rf"[0-9A-Za-z]{{16}}{_END}", "[0-9A-Fa-f]\\.[0-9A-Za-z]{16}"),
    ("00[A-Za-z0-9]{13}!", r"[\w.-]{60,}+", r"![\w.-]{60}"),
    ("[A-Za-z0-9+/]{22}==:", r"[A-Za-z0-9]{32}", "==:[A-Za-z0-9]{32}"),
    ("[a-z]{2,10}_[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-]", r"[\w./+=-]{30,}+", r"\.acc[_-]"),
    ("eyJ(?:rIjoi|taXJv)", r"[\w+/-]{30,}+={0,2}"),
    (
        rf"{_NOT_INSIDE}(?:[A-Za-z][A-Za-z0-9]{{1,15}}[._-]){{0,2}}"
        "(?:sk|pat|apikey|api_key|key|token|tkn|secret|sec|pw|oauth)[._-]"
        "(?:v[0-9]_|live_|prod_|test_|[a-z]{2,8}_)?[A-Za-z0-9_-]{0,8}[A-Za-z0-9]{20}",
        r"[\w-]*+",
        "(?:sk|pat|key|token|tkn|secret|sec|pw|oauth)[._-][A-Za-z0-9_-]*[A-Za-z0-9]{20}",
    ),
    (
        rf"{_NOT_INSIDE}(?:[a-z]{{2,16}}_){{1,3}}(?:key|token|secret|apikey|pat|tkn)_[\w-]{{24}}",
        r"[\w-]*+",
        "_(?:key|token|secret|apikey|pat|tkn)_[A-Za-z0-9_-]{24}",
    ),
    (
        rf"{_NOT_INSIDE}[A-Za-z0-9]{{2,16}}[._-](?:api|live|prod|production)[._-][A-Za-z0-9]{{20}}",
        r"[\w-]*+",
        "[._-](?:api|live|prod|production)[._-][A-Za-z0-9]{20}",
    ),
)
"""Forms with a weak mark, or one that describes itself: the body must look random."""


def _anchor(form: Sequence[str]) -> str:
    """Return the third part of a form, else its whole without look-around or possessive repeats."""
    if len(form) > 2:
        return form[2]
    pattern = _AHEAD.sub("", "".join(form))
    return pattern.replace("}+", "}").replace("*+", "*")


def _rule(name: str, form: Sequence[str], judge: _Judge | None = None) -> TextRule:
    return TextRule(name, _anchor(form), f"{START}(?a:{form[0]}{form[1]})", judge)


def _is_random(match: re.Match[str]) -> bool:
    return is_random(match[0], 20)


VENDOR_TOKEN_RULES = (
    *(_rule(name, form) for name, forms in _TOKENS.items() for form in forms),
    *(_rule("labelled_token", form, _is_random) for form in _JUDGED),
)
