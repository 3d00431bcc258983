-- Both summaries must come to the same amount; a row that says `differs` is for the analyst on duty.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dq_sales_reconciliation (
    store_amount   DECIMAL(18, 2),
    product_amount DECIMAL(18, 2),
    verdict        STRING COMMENT 'agrees or differs'
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dq_sales_reconciliation PARTITION (ds = '${bizdate}')
SELECT  SUM(store_amount),
        SUM(product_amount),
        IF(SUM(store_amount) = SUM(product_amount), 'agrees', 'differs')
FROM    (
            SELECT  amount AS store_amount,
                    CAST(0 AS DECIMAL(18, 2)) AS product_amount
            FROM    dws_store_daily_sales
            WHERE   ds = '${bizdate}'
            UNION ALL
            SELECT  CAST(0 AS DECIMAL(18, 2)) AS store_amount,
                    amount AS product_amount
            FROM    dws_product_daily_sales
            WHERE   ds = '${bizdate}'
        ) both_sides;
