package coef

// RowBlock is the number of rows whose coefficients the kernels of layer
// normalization take at a time.
const RowBlock = 64
