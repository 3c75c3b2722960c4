"""Files of subscribers, from reading and cleaning to the export."""
