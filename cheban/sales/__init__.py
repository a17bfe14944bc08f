"""From sale to service: delivery by two, the handover sheet, what was promised, the first feedback. R024-R043."""
