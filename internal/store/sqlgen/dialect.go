package sqlgen

import "strconv"

// Dialect is what engines spell differently.
type Dialect struct {
	Name string
	// Arg is the placeholder of the n-th bound parameter, from 1.
	Arg func(n int) string
	// ID is the stored id of a bound text, a UUID's; IDs and Texts are the set of a
	// bound list of them, or of any texts, for IN.
	ID    func(arg string) string
	IDs   func(arg string) string
	Texts func(arg string) string
	// Lower is the function that folds case, Unicode included.
	Lower string
	// Contains tells whether a text holds another one, case-sensitive.
	Contains func(text, part string) string
	// MonthStart gives the milliseconds of the month's start for local milliseconds.
	MonthStart func(localMS string) string
	// JSONKeys lists the keys of a JSON object as an array.
	JSONKeys func(json string) string
	// JSONText reads one text value of a JSON object; NULL when it is not there.
	JSONText func(json, key string) string
	// Unnest turns an array into rows.
	Unnest func(array string) string
	// Median is exact; even-sized sets give the mean of the two in the middle.
	Median func(expr string) string
}

// DuckDB is the embedded engine's dialect.
func DuckDB() Dialect {
	return Dialect{
		Name:     "duckdb",
		Arg:      func(n int) string { return "$" + strconv.Itoa(n) },
		ID:       func(arg string) string { return "CAST(" + arg + " AS UUID)" },
		IDs:      func(arg string) string { return "(SELECT unnest(" + arg + "::VARCHAR[])::UUID)" },
		Texts:    func(arg string) string { return "(SELECT unnest(" + arg + "::VARCHAR[]))" },
		Lower:    "lower",
		Contains: func(text, part string) string { return "contains(" + text + ", " + part + ")" },
		MonthStart: func(localMS string) string {
			return "epoch_ms(date_trunc('month', make_timestamp_ms(" + localMS + ")))"
		},
		JSONKeys: func(json string) string { return "json_keys(" + json + ")" },
		JSONText: func(json, key string) string {
			return "json_extract_string(" + json + ", '$.\"' || " + key + " || '\"')"
		},
		Unnest: func(array string) string { return "unnest(" + array + ")" },
		Median: func(expr string) string { return "median(" + expr + ")" },
	}
}
