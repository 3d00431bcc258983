-- What was sold of each product, with its rank inside its category.
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dws_product_daily_sales (
    product_id       STRING,
    category         STRING,
    pieces           BIGINT,
    amount           DECIMAL(18, 2),
    margin           DECIMAL(18, 2),
    rank_in_category BIGINT
)
PARTITIONED BY (ds STRING COMMENT 'business date, yyyymmdd')
LIFECYCLE 1100;

INSERT OVERWRITE TABLE dws_product_daily_sales PARTITION (ds = '${bizdate}')
SELECT  product_id,
        category,
        pieces,
        amount,
        margin,
        RANK() OVER (PARTITION BY category ORDER BY amount DESC)
FROM    (
            SELECT  product_id,
                    category,
                    SUM(quantity) AS pieces,
                    SUM(amount)   AS amount,
                    SUM(margin)   AS margin
            FROM    dwd_sale_line
            WHERE   ds = '${bizdate}'
            GROUP BY product_id,
                     category
        ) sold;
