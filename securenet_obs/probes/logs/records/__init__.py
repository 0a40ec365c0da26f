"""JSON records of log lines: strict decoding, reasons of rejection, flattening and columns."""
