"""The transparency log as it runs: grown, published, proved, verified, and one day deleted whole."""
