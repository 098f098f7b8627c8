"""Exported models: both towers as graphs of ONNX Runtime or OpenVINO, used without torch."""
