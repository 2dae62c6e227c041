"""Plots: matplotlib's SVG backend in one house style."""
