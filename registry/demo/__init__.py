"""The main job on real data, on one machine: declare, match, onboard, prove, replace, retire."""
