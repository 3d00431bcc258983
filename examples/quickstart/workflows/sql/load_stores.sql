-- One row per store, as of the business date.
CREATE TABLE IF NOT EXISTS dim_store (
    store_id    STRING COMMENT 'till network number',
    store_name  STRING,
    city        STRING,
    region      STRING,
    opened_on   STRING COMMENT 'yyyymmdd'
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dim_store PARTITION (ds = '${bizdate}')
SELECT  TRIM(store_id),
        TRIM(store_name),
        TRIM(city),
        NVL(NULLIF(TRIM(region), ''), 'unassigned'),
        opened_on
FROM    landing_store
WHERE   ds = '${bizdate}'
AND     closed_on IS NULL;
