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
