"""Reports to buyers, authorities and auditors: what the log and the configuration tell, as plain data."""
