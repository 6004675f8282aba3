"""The measurements behind `make bench`: ratios beside a bare floor, in one run on one machine."""
