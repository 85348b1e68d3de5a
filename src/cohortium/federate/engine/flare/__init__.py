"""NVIDIA FLARE 2.9 as the carrier: mutual TLS, registration, heartbeats and messages. Everything else of it is shut."""
