"""The categories that are always there, with titles that a parent understands. Facts only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "pornography": "Pornography",
        "nudity": "Nudity",
        "extreme": "Extreme violence and gore",
        "self-harm": "Self-harm, suicide and eating disorders",
        "hate": "Hate",
        "drugs": "Drugs",
        "weapons": "Weapons",
        "crime": "Instructions for crime",
        "hacking": "Hacking",
        "gambling": "Gambling",
        "dating": "Dating",
        "alcohol-tobacco": "Alcohol and tobacco",
        "file-sharing": "File sharing",
        "piracy": "Unlicensed copies of films, music and software",
        "bypass": "Ways around the filter",
        "social": "Social networks",
        "chat": "Chat and forums",
        "games": "Games",
        "streaming": "Video and music streaming",
        "shopping": "Shopping",
        "ai": "Artificial intelligence services",
        "sex-education": "Sex education",
        "ads": "Advertisements",
        "tracking": "Tracking",
        "malware": "Malware",
        "phishing": "Phishing",
        "scam": "Scams and fraud",
        "cryptomining": "Cryptocurrency mining",
        "dynamic-dns": "Dynamic DNS names",
        "new-domains": "Newly registered names",
    }
)
