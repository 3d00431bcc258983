-- What each store sold on the business date, in ${script.currency}.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dws_store_daily_sales (
    store_id     STRING,
    region       STRING,
    receipts     BIGINT,
    pieces       BIGINT,
    amount       DECIMAL(18, 2),
    margin       DECIMAL(18, 2),
    mean_receipt DECIMAL(18, 2),
    currency     STRING
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 1100;

INSERT OVERWRITE TABLE dws_store_daily_sales PARTITION (ds = '${bizdate}')
SELECT  store_id,
        region,
        COUNT(DISTINCT order_id),
        SUM(quantity),
        SUM(amount),
        SUM(margin),
        CAST(SUM(amount) / COUNT(DISTINCT order_id) AS DECIMAL(18, 2)),
        '${script.currency}'
FROM    dwd_sale_line
WHERE   ds = '${bizdate}'
GROUP BY store_id,
         region;
