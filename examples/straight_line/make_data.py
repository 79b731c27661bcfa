"""A simulated survey, and Pearson's points with York's weights: output/survey.csv and output/pearson.csv."""

import sys
from pathlib import Path

import numpy as np

TRUTH = {"alpha": 1.0, "beta": 2.0, "scatter": 0.5, "xi_mean": 3.0, "xi_sd": 1.0}
# Pearson 1901, Phil. Mag. 2, 559; weights of York 1966, Can. J. Phys. 44, 1079
X = (0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4)
Y = (5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5)
WEIGHT_X = (1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0)
WEIGHT_Y = (1.0, 1.8, 4.0, 8.0, 20.0, 20.0, 70.0, 70.0, 100.0, 500.0)


def write(path, **columns):
    table = np.column_stack(list(columns.values()))
    np.savetxt(path, table, fmt="%.10g", delimiter=",", header=",".join(columns), comments="")


def main(out: Path) -> None:
    rng = np.random.default_rng(3)
    n = 300
    xi = rng.normal(TRUTH["xi_mean"], TRUTH["xi_sd"], n)
    eta = TRUTH["alpha"] + TRUTH["beta"] * xi + rng.normal(0, TRUTH["scatter"], n)
    x_error, y_error, rho = rng.uniform(0.7, 1.3, n), rng.uniform(0.7, 1.3, n), 0.3
    z = rng.standard_normal((2, n))
    x = xi + x_error * z[0]
    y = eta + y_error * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])
    write(out / "survey.csv", x=x, y=y, x_error=x_error, y_error=y_error, rho=np.full(n, rho))
    write(out / "pearson.csv", x=X, y=Y, x_error=1 / np.sqrt(WEIGHT_X), y_error=1 / np.sqrt(WEIGHT_Y))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
