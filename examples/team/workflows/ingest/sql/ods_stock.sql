-- 各仓库存。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_stock (
    warehouse     STRING COMMENT '仓库',
    product_id    STRING COMMENT '商品',
    on_hand       BIGINT COMMENT '在库件数'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_stock PARTITION (ds = '${bizdate}')
SELECT  warehouse,
        product_id,
        CAST(on_hand AS BIGINT)
FROM    landing_stock
WHERE   ds = '${bizdate}';
