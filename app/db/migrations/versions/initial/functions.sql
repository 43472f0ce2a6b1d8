-- Functions of checks and side tables. All are immutable and read no table.

CREATE FUNCTION metadata_is_valid(metadata jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT metadata = '{}' OR (
        jsonb_typeof(metadata) = 'object' AND (
            SELECT count(*) <= 50 AND bool_and(
                char_length(key) BETWEEN 1 AND 128
                AND CASE jsonb_typeof(value)
                    WHEN 'string' THEN char_length(value #>> '{}') <= 500
                    WHEN 'number' THEN true
                    WHEN 'boolean' THEN true
                    ELSE false
                END
            )
            FROM jsonb_each(CASE jsonb_typeof(metadata) WHEN 'object' THEN metadata ELSE '{}' END)
        )
    )
$$;

CREATE FUNCTION ean_is_valid(ean text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ean ~ '^[0-9]{13}$' AND (
        SELECT sum(substr(ean, place, 1)::int * CASE place % 2 WHEN 1 THEN 1 ELSE 3 END) % 10 = 0
        FROM generate_series(1, 13) AS place
    )
$$;

-- The digest of a metadata pair; app/domain/metadata.py computes the same for filters.
CREATE FUNCTION metadata_pair(key text, value jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(
        convert_to(key, 'UTF8') || '\x00'::bytea || convert_to(
            CASE jsonb_typeof(value) WHEN 'number' THEN trim_scale(value::numeric)::text ELSE value #>> '{}' END,
            'UTF8'
        )
    )
$$;

-- The folded words of a text, separated by ASCII punctuation and white space. Replaced by revision 0005.
CREATE FUNCTION search_words(content text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT DISTINCT left(word, 64)
    FROM string_to_table(
        translate(
            lower(content COLLATE "alphabet"),
            E' \t\n\r\f\x0B!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~',
            repeat(' ', 38)
        ),
        ' '
    ) AS word
    WHERE word <> ''
$$;
