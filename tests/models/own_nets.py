"""Networks of a stranger's own, as she has them in a file."""

NETS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, num_classes)
    def forward(self, x):
        return self.head(self.norm(self.conv(x)).relu().mean((2, 3)))

def flat(features, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(features, 6), nn.ReLU(), nn.Linear(6, classes))
def ten(): return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
def words(): return "no network"
class Several(nn.Module):
    def forward(self, x): return {"scores": x}
def several(): return Several()
def needs(depth): return ten()
class Branches(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.layer = nn.Linear(features, classes)
    def forward(self, x):
        logits = self.layer(x.flatten(1))
        return logits if x.sum() > 0 else -logits
"""

TRANSFORMER = '''
from torch import nn

class Small(nn.Module):
    """Reads eight numbers of tokens, and gives what networks of Hugging Face give."""

    def __init__(self, classes):
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, classes)

    def forward(self, tokens):
        return {"logits": self.head(self.block(self.words(tokens)).mean(1)), "hidden": None}
'''
FEED_FORWARD = ["network.block.linear1", "network.block.linear2", "network.head"]

MASKED = '''
import torch
from torch import nn

class Masked(nn.Module):
    """The mean of the words that a mask keeps; it reads integers alone."""

    def __init__(self, classes):
        super().__init__()
        self.words = nn.Embedding(20, 8, padding_idx=0)
        self.hidden = nn.Linear(8, 16)
        self.head = nn.Linear(16, classes)

    def forward(self, input_ids, attention_mask=None):
        assert input_ids.dtype == torch.int64
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        words = (self.words(input_ids) * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return {"loss": None, "logits": self.head(self.hidden(words).relu())}

def without_padding(network, x):
    return network(x, attention_mask=(x != 0).long() + (x == 0).all(1, keepdim=True))

def breaks(network, x): return network.no_such_part(x)
def hidden(network, x): return network.hidden(network.words(x).sum(1))
'''
