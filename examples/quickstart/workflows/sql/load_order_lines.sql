-- Lines of the receipts; a line without a positive quantity is a void at the till and not a sale.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_order_line (
    order_id   STRING,
    line_no    BIGINT,
    product_id STRING,
    quantity   BIGINT,
    amount     DECIMAL(18, 2) COMMENT 'paid for the line, after discounts'
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_order_line PARTITION (ds = '${bizdate}')
SELECT  order_id,
        CAST(line_no AS BIGINT),
        product_id,
        MAX(CAST(quantity AS BIGINT)),
        MAX(CAST(amount AS DECIMAL(18, 2)))
FROM    landing_order_line
WHERE   ds = '${bizdate}'
AND     CAST(quantity AS BIGINT) > 0
GROUP BY order_id,
         CAST(line_no AS BIGINT),
         product_id;
