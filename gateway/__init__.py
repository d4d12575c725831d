"""The contact-export gateway: freight contacts leave for the carrier's appointment, or not at all."""
