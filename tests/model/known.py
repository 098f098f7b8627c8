"""A model whose text embeddings are known: expected figures can be worked out by hand."""

import torch


class Known:
    """A model whose text embeddings are in a table."""

    embed_dim = 3
    device = torch.device("cpu")

    def __init__(self, table, temperature=0.5):
        self.names, self.vectors = (
            list(table),
            torch.tensor(list(table.values()), dtype=torch.float32),
        )
        self.temperature = torch.tensor(temperature)

    def tokenize(self, texts):
        return torch.tensor([[self.names.index(text) + 1] for text in texts])

    def text_lengths(self, token_ids):
        return (token_ids != 0).sum(dim=1)

    def encode_text(self, token_ids):
        return torch.nn.functional.normalize(self.vectors[token_ids[:, 0] - 1], dim=-1)
