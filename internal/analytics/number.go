package analytics

import "math"

// Round2 rounds to two decimals, halves away from zero, as every rate of the API is.
func Round2(x float64) float64 { return math.Round(x*100) / 100 }
