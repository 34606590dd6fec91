"""The model card says what a network cost, and nothing in it runs or breaks the page."""

from leastloss.deploy import Card, ClassRecall, Timed, model_card
from leastloss.deploy.card import escaped

HOSTILE = '<img src=x onerror=alert(1)>|[a](javascript:b)\n# c `d` "é"'


def test_classes_show_what_they_paid() -> None:
    rows = [
        ClassRecall(name="cat", trained=1200, tested=10, before=0.9, after=0.85),
        ClassRecall(name="owl", trained=3, tested=0, before=float("nan"), after=float("nan")),
    ]
    text = model_card(
        Card(
            title="nc at 90 %",
            about={"data": "pets", "commit": ""},
            classes=rows,
            overall={"balanced accuracy": (0.9, 0.85)},
            noise={"gaussian 3": {"accuracy": 0.5}},
            sizes={"model.onnx": 12345},
            speed=[Timed(form="dense", program="PyTorch", latency_ms=0.0123, throughput=81300)],
            timing="Median of some passes.",
        )
    )
    assert "| cat | 1,200 | 10 | 90.0 | 85.0 | -5.0 |" in text
    assert "| owl | 3 | 0 | - | - | - |" in text
    assert "| balanced accuracy | 90.0 | 85.0 | -5.0 |" in text
    assert "| gaussian 3 | 50.0 |" in text
    assert "| model.onnx | 12,345 |" in text
    assert "| dense | PyTorch | 0.012 | 81,300 |\n\nMedian of some passes." in text
    assert "- licence: not stated" in text
    assert "commit" not in text


def test_whatever_a_class_is_called_the_card_stays_a_card() -> None:
    row = ClassRecall(name=HOSTILE, trained=1, tested=1, before=1, after=1)
    hostile = {"title": HOSTILE, "license": HOSTILE, "command": "a ```b\nc"}
    text = model_card(Card(about={"data": HOSTILE}, classes=[row], **hostile))
    body = text.split("---", 2)[2]
    assert "<" not in body
    (line,) = [line for line in body.splitlines() if line.startswith("| &lt;")]
    assert line.replace("\\|", "").count("|") == 7
    assert [part for part in body.splitlines() if part.startswith("# c")] == []
    assert "````bash\na ```b c\n````" in body
    front = text.split("\n---\n")[0].splitlines()
    assert len(front) == 4  # its lines are as many as ours
    assert escaped("[a](b)") == r"\[a\](b)"


def test_without_classes_nothing_is_said_of_noise() -> None:
    assert "noise" not in model_card(Card(title="a", about={}))
    row = ClassRecall(name="a", trained=1, tested=1, before=1, after=1)
    assert "noise was not measured" in model_card(Card(title="a", about={}, classes=[row]))


def test_addresses_in_names_become_no_links() -> None:
    text = escaped("https://evil.example www.evil.example a@evil.example")
    assert not any(part in text for part in ("://", "www.", "@"))
