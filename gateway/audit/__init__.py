"""The transparency log's pure core: entries, tree, notes, proofs, verdicts; it never does I/O."""
