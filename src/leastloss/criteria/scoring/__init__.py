"""What several criteria share when they score: curvatures, gradients, planes, orders."""
