"""LaTeX of a result as a line one can read: letters, signs, raised and lowered digits. What it does not know stays."""

# ruff: noqa: RUF001 - signs that look like letters are the point

from __future__ import annotations

import re
from collections.abc import Mapping

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ "
    "mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ "
    "Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
)
_SIGNS = (
    "cdot · times × div ÷ pm ± mp ∓ ast ∗ le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ equiv ≡ sim ∼ propto ∝ infty ∞ "
    "sum ∑ prod ∏ int ∫ oint ∮ partial ∂ nabla ∇ in ∈ notin ∉ subset ⊂ subseteq ⊆ cup ∪ cap ∩ emptyset ∅ forall ∀ "
    "exists ∃ neg ¬ land ∧ wedge ∧ lor ∨ vee ∨ to → rightarrow → leftarrow ← Rightarrow ⇒ Leftrightarrow ⇔ mapsto ↦ "
    "ldots … cdots ⋯ dots … langle ⟨ rangle ⟩ hbar ℏ ell ℓ Re ℜ Im ℑ circ ∘ otimes ⊗ oplus ⊕ perp ⊥ mid | degree °"
)


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_FUNCTIONS = (
    "arccos arcsin arctan arg argmax argmin cos cosh det dim exp inf ker lim ln log max min sin sinh sup tan tanh Pr"
)
_NAMES: Mapping[str, str] = {
    **_pairs(_GREEK),
    **_pairs(_SIGNS),
    **{name: name for name in _FUNCTIONS.split()},
    "quad": "  ",
    "qquad": "    ",
}
_ACCENTS: Mapping[str, str] = {
    "bar": "\u0304",
    "overline": "\u0304",
    "hat": "\u0302",
    "tilde": "\u0303",
    "dot": "\u0307",
    "ddot": "\u0308",
    "vec": "\u20d7",
}
"""Signs that stand over the letter before them."""
_RAISED = str.maketrans("0123456789+-=()nixabcdefghjklmoprstuvwyzT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷʸᶻᵀ")
_LOWERED = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_WRAPPERS = re.compile(r"\\(?:mathrm|mathbf|mathit|mathcal|mathbb|text|operatorname|boldsymbol|mathsf)\*?\s*" + _GROUP)
_FRACTION = re.compile(r"\\[dt]?frac\s*" + _GROUP + r"\s*" + _GROUP)
_ACCENT = re.compile(r"\\(bar|overline|hat|tilde|dot|ddot|vec)\s*(?:\{(\w)\}|(?<=\s)(\w)\b)")
_ROOT = re.compile(r"\\sqrt\s*" + _GROUP)
_SCRIPT = re.compile(r"([\^_])(?:" + _GROUP + r"|([^\s{}\\(]))")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_LONGEST = 4000
"""Characters above which nobody reads it as a line anyway."""


def readable(source: str) -> str:
    """`source` without its dollar signs and with what has a sign of its own written as that."""
    text = source.strip()
    if len(text) > _LONGEST:
        return text
    for edge in ("$$", "$"):
        text = text.removeprefix(edge).removesuffix(edge).strip()
    text = re.sub(r"\\(?:displaystyle|left|right|limits|nonumber)(?![A-Za-z])\s*", "", text)
    text = re.sub(r"\\[,;:! ]|~", " ", text)
    text = _repeated(_WRAPPERS, lambda found: found[1], text)
    text = _COMMAND.sub(_name, text)
    text = _ACCENT.sub(lambda found: (found[2] or found[3]) + _ACCENTS[found[1]], text)
    text = _repeated(_ROOT, lambda found: f"√{_grouped(found[1])}", text)
    text = _SCRIPT.sub(_script, text)
    text = _repeated(_FRACTION, lambda found: f"{_grouped(found[1])}/{_grouped(found[2])}", text)
    return text if re.search(r"\\(?:begin|end)\b", text) else _repeated(_SCRIPT, _script, text)


def _repeated(pattern: re.Pattern[str], replace: object, text: str) -> str:
    """Replace from the inside out; a handful of times, since foreign text may be nested as deep as it likes."""
    assert callable(replace)
    for _ in range(8):
        new = pattern.sub(replace, text)
        if new == text:
            break
        text = new
    return text


def _name(found: re.Match[str]) -> str:
    return _NAMES.get(found[1], found[0])


def _grouped(text: str) -> str:
    return text if len(text) == 1 or text.isalnum() else f"({text})"


def _script(found: re.Match[str]) -> str:
    text = found[2] if found[2] is not None else found[3]
    table = _RAISED if found[1] == "^" else _LOWERED
    if text and all(ord(character) in table for character in text):
        return text.translate(table)
    return f"{found[1]}{_grouped(text)}" if found[2] is not None else found[0]
