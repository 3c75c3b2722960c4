"""Where subscribers, sends and deliveries are kept."""
