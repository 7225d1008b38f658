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
	// Except selects all columns of a table but some.
	Except func(table, columns string) string
	// Like matches a text with a pattern in which EscapeSign takes %, _ and itself
	// literally.
	Like       func(text, pattern string) string
	EscapeSign string
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
	// Visitors is the exact number of different visitors in a column.
	Visitors func(column string) string
	// ScalarsFirst tells that scalar subqueries are answered before the engine
	// decides what to read, so that they can bound it.
	ScalarsFirst bool
	// Median is exact; even-sized sets give the mean of the two in the middle.
	Median func(expr string) string
}

// DuckDB is the embedded engine's dialect.
func DuckDB() Dialect {
	return Dialect{
		Name:   "duckdb",
		Arg:    func(n int) string { return "$" + strconv.Itoa(n) },
		ID:     func(arg string) string { return "CAST(" + arg + " AS UUID)" },
		IDs:    func(arg string) string { return "(SELECT unnest(" + arg + "::VARCHAR[])::UUID)" },
		Texts:  func(arg string) string { return "(SELECT unnest(" + arg + "::VARCHAR[]))" },
		Lower:  "lower",
		Except: func(table, columns string) string { return table + ".* EXCLUDE (" + columns + ")" },
		Like:   func(text, pattern string) string { return text + " LIKE " + pattern + " ESCAPE '!'" }, EscapeSign: "!",
		Contains: func(text, part string) string { return "contains(" + text + ", " + part + ")" },
		MonthStart: func(localMS string) string {
			return "epoch_ms(date_trunc('month', make_timestamp_ms(" + localMS + ")))"
		},
		JSONKeys: func(json string) string { return "json_keys(" + json + ")" },
		JSONText: func(json, key string) string {
			return "json_extract_string(" + json + ", '$.\"' || " + key + " || '\"')"
		},
		Unnest:   func(array string) string { return "unnest(" + array + ")" },
		Visitors: func(column string) string { return "count(DISTINCT " + column + ")" },
		Median:   func(expr string) string { return "median(" + expr + ")" },
	}
}

// ClickHouse is the dialect of the engine for many machines. The settings that
// package clickhouse gives with each query make joins and aggregates yield NULL as
// in standard SQL.
func ClickHouse() Dialect {
	id := func(text string) string { return "toFixedString(unhex(replaceAll(" + text + ", '-', '')), 16)" }
	return Dialect{
		Name:   "clickhouse",
		Arg:    func(n int) string { return "$" + strconv.Itoa(n) },
		ID:     id,
		IDs:    func(arg string) string { return "(SELECT " + id("arrayJoin("+arg+")") + ")" },
		Texts:  func(arg string) string { return "(SELECT arrayJoin(" + arg + "))" },
		Lower:  "lowerUTF8",
		Except: func(table, columns string) string { return table + ".* EXCEPT (" + columns + ")" },
		Like:   func(text, pattern string) string { return text + " LIKE " + pattern }, EscapeSign: `\`,
		Contains: func(text, part string) string { return "position(" + text + ", " + part + ") > 0" },
		MonthStart: func(localMS string) string {
			return "toInt64(toStartOfMonth(toDateTime(intDiv(" + localMS + ", 1000), 'UTC'))) * 86400000"
		},
		JSONKeys: func(json string) string { return "JSONExtractKeys(" + json + ")" },
		JSONText: func(json, key string) string {
			return "if(JSONHas(" + json + ", " + key + "), if(JSONType(" + json + ", " + key + ") = 'String', JSONExtractString(" + json + ", " + key +
				"), JSONExtractRaw(" + json + ", " + key + ")), NULL)"
		},
		Unnest: func(array string) string { return "arrayJoin(" + array + ")" },
		// A number is counted in a third of the time that 16 bytes of text take.
		Visitors:     func(column string) string { return "count(DISTINCT reinterpretAsUInt128(" + column + "))" },
		ScalarsFirst: true,
		Median:       func(expr string) string { return "quantileExactInclusive(0.5)(" + expr + ")" },
	}
}
