"""Vendors' names, and rules that mask a random text after one of them: `datadog: 3f0c…`."""

import re
from itertools import groupby

from securenet_obs.redaction.rules.names import IDENTIFIER, normalise_name
from securenet_obs.redaction.rules.rule import KEY_CHARACTERS, KeyRule, TextRule
from securenet_obs.redaction.rules.shapes import PUBLIC, UUID, is_random

_VENDORS = """
    ably abuseipdb adafruit adobe aikido airbrake airtable aiven alchemy algolia alibaba aliyun
    amplitude anthropic apify apollo appveyor artifactory asana assemblyai atlassian auth0
    authress azure beamer bigcommerce binance bitbucket bitfinex bitly bitrise bitstamp bittrex
    blockfrost braintree brevo browserstack bugsnag buildkite bybit capella cartesia cerebras
    chargebee checkout circleci cisco civo clarifai clerk clickhouse clickup clojars cloudflare
    cloudinary cloudsmith cockroach codacy codeclimate codecov cohere coinbase coinmarketcap
    configcat confluence confluent contentful contribsys couchbase coveralls crates
    currencylayer cursor data.gov databento databricks datadog datagov deepgram deepl deepseek
    defined deribit digitalocean discord disqus dnkey dockerhub doppler droneci dropbox duffel
    dynatrace easypost ebay elastic elevenlabs endor endr etherscan etsy eventbrite exoscale
    facebook fal fastly figma finicity finnhub firebase fixer flickr flutterwave foursquare
    freshbooks freshdesk fullstory gemini ghost gitea gitter gocardless grafana greptile groq
    gumroad harness hashicorp here.api heroku highnote honeybadger honeycomb hubspot huggingface
    hunter huobi ibm ibmcloud influx infomaniak infura instagram instantly intercom ipdata
    ipgeolocation ipinfo ipstack jenkins jfrog jira jumpcloud kagi keen klaviyo kraken kucoin
    lark lastfm launchdarkly lighton linear linked.in linkedin linode lob looker mailchimp
    mailgun mailjet mandrill mapbox mapquest mattermost maxmind mem0 meraki message.bird
    midtrans miro mistral mixpanel monday moralis mux nasa netlify new.relic new.york.times
    newrelic newyorktimes nexmo ngrok notion npm nuget nytimes okta okx ollama onelogin openai
    openweather opsgenie ovh pagerduty paypal pinecone pingdom plaid planetscale plivo
    polymarket postman postmark private.ai privateai pubnub pulumi pusher pyowm rainforest
    rapidapi razorpay recaptcha replicate retell rollbar salesforce samsara sauce saucelabs
    scaleway scalr segment sendbird sendgrid sendinblue sentry shodan shopify shortcut sidekiq
    sightengine signalwire slack snowflake snyk sonar sparkpost splunk spotify square
    squarespace sslmate stability statuscake statuspage strava stripe sumo supabase tableau
    tailscale teamcity telegr telnyx terraform tiktok todoist tomtom travis trello twilio twitch
    twitter typeform uploadcare upstage upstash uptimerobot urlscan vault vercel virustotal
    vonage vultr waka.time wakatime wandb watson weatherstack weights.and.biases wistia wiz
    woocommerce wordpress workos xero yandex yelp youtube zapier zendesk zerobounce zhipu zoho
    zoom
""".split()  # noqa: SIM905 a table of words reads better without quotes

_SHORT = 4  # a longer name does not occur inside of other words


def _is_key(text: str) -> bool:
    """Return whether a text is a generated key, and not a path, an address or a time."""
    return PUBLIC.fullmatch(text) is None and (
        re.fullmatch(UUID, text) is not None or is_random(text, 14, 0.06)
    )


def _is_vendor_key(match: re.Match[str]) -> bool:
    """Return whether a key follows the vendor's name, and its own name is not an identifier's."""
    return _is_key(match["secret"]) and IDENTIFIER.search(normalise_name(match["name"])) is None


def _alternatives() -> str:
    """Return a pattern of all names, by first letter, so that `re` tests few of them at a place."""
    names = [name.replace(".", "[ _.-]?") for name in sorted(_VENDORS)]
    ends = [name if len(name) > _SHORT else f"{name}(?!(?-i:[a-z]))" for name in names]
    return "|".join(
        f"[{first}{first.upper()}](?i:{'|'.join(name[1:] for name in group)})"
        for first, group in groupby(ends, lambda name: name[0])
    )


VENDOR_KEY_RULE = KeyRule(
    "vendor_key", "|".join(name.replace(".", " ") for name in _VENDORS), judge=_is_key
)
_FREE = r"(?i:influx(?:db)?|bitly|cloudinary|amplitude|couchbase|capella|aiven|planetscale|okta)"
"""Vendors whose keys have no form: they are found at some distance from the name, too."""


def _anchor() -> str:
    """Return a pattern of all names as they stand in JSON: a letter before one may be an escape.

    Without the ends of a name, each `false` is `fal`, and its line is searched in vain.
    """
    names = [name.replace(".", "[ _.-]?") for name in _VENDORS]
    long = "|".join(name for name in names if len(name) > _SHORT)
    short = "|".join(name for name in names if len(name) <= _SHORT)
    return rf"(?:^|[^A-Za-z]|\\[bfnrt]|\\u[0-9A-Fa-f]{{4}})(?i:(?:{short})(?-i:[^a-z])|{long})"


VENDOR_RULES = (
    TextRule(
        "vendor_key",
        rf"{_anchor()}(?s:.*)[{KEY_CHARACTERS}]{{14}}",
        rf"(?<![A-Za-z])(?P<name>(?:{_alternatives()})[ \t\w.-]{{0,40}})[\s'\"]{{0,3}}"
        r"(?:=>|\|\||:{1,3}=|\?=|[=>:,])[`'\"\s=]{0,5}"
        rf"(?P<secret>[{KEY_CHARACTERS}]{{14,500}}+)",
        _is_vendor_key,
    ),
    TextRule(
        "vendor_key",
        rf"{_FREE}(?s:.*)[A-Za-z0-9+/=_-]{{20}}",
        rf"(?<![A-Za-z])(?P<name>{_FREE})[\s\S]{{0,40}}?(?i:secret|private|access|key|token|auth)"
        r"[\s\S]{0,32}?(?<![A-Za-z0-9+/])(?P<secret>[A-Za-z0-9+/=_-]{20,900}+)",
        _is_vendor_key,
    ),
    TextRule(
        "vendor_key",
        rf"{_FREE}(?s:.*)[A-Za-z0-9+/=_-]{{20}}",
        rf"(?<![A-Za-z])(?P<name>{_FREE})[\s\S]{{0,40}}?(?<![A-Za-z0-9+/])"
        r"(?P<secret>[A-Za-z0-9+/=]{80,900}+)",
        _is_vendor_key,
    ),
)
