"""The JSON edge: who calls, what they may call, what they sent, and what they are answered."""
