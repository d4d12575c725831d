"""Where wrapping keys are held; whatever a provider can hold in itself never leaves it."""
